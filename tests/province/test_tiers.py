"""The tier tree: its sums hold or it is said where they do not."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from province import tiers
from province.platform import Compute, Tier
from province.province import Province
from province.sites import Purpose
from province.tiers import Amount, TierQuota
from tests import worlds

amounts = st.builds(
    Amount,
    cpu_millis=st.integers(0, 10**6),
    memory_mib=st.integers(0, 10**6),
    pods=st.integers(0, 10**4),
)


def node(whole: Amount, parts: tuple[TierQuota, ...] = (), **own: Amount) -> TierQuota:
    return TierQuota(name="n", tier=Tier.CITY, whole=whole, parts=parts, **own)


def trees() -> st.SearchStrategy[TierQuota]:
    """Trees whose every node has exactly what it promises."""

    def filled(own: Amount, free: Amount, parts: list[TierQuota]) -> TierQuota:
        whole = tiers.total((own, free, *(part.whole for part in parts)))
        return node(whole, tuple(parts), share=own, kept_free=free)

    leaves = st.builds(filled, amounts, amounts, st.just([]))
    return st.recursive(
        leaves,
        lambda below: st.builds(filled, amounts, amounts, st.lists(below, max_size=4)),
        max_leaves=12,
    )


@given(trees())
def test_a_tree_that_gives_what_it_has_holds(tree: TierQuota) -> None:
    assert list(tiers.overdrawn(tree)) == []
    assert tree.whole == tiers.total(n.own + n.kept_free for n in tree.walk())


@given(trees(), st.sampled_from(["cpu_millis", "memory_mib", "pods"]), st.data())
def test_one_more_anywhere_is_found_where_it_is(
    tree: TierQuota, unit: str, data: st.DataObject
) -> None:
    count = sum(1 for _ in tree.walk())
    chosen = data.draw(st.integers(0, count - 1))
    found = list(tiers.overdrawn(_with_one_more(tree, chosen, unit)))
    assert [broken.unit for broken in found] == [
        {"cpu_millis": "cores", "memory_mib": "GiB", "pods": "pods"}[unit]
    ]
    assert found[0].given > found[0].whole


def _with_one_more(tree: TierQuota, chosen: int, unit: str) -> TierQuota:
    """The tree with one unit more kept free at the chosen node, in the order of `walk`."""
    if chosen == 0:
        more = dataclasses.replace(tree.kept_free, **{unit: getattr(tree.kept_free, unit) + 1})
        return dataclasses.replace(tree, kept_free=more)
    parts, position = [], 1
    for part in tree.parts:
        size = sum(1 for _ in part.walk())
        inside = position <= chosen < position + size
        parts.append(_with_one_more(part, chosen - position, unit) if inside else part)
        position += size
    return dataclasses.replace(tree, parts=tuple(parts))


@given(amounts, st.floats(0, 4))
def test_times_rounds_up(amount: Amount, factor: float) -> None:
    assert amount.times(factor).pods == math.ceil(amount.pods * factor)
    assert amount.times(1) == amount
    assert amount + tiers.NOTHING == amount


def test_jiangsu_has_all_four_tiers_and_its_sums_hold() -> None:
    tree = tiers.province_tree(worlds.province())
    counted = {tier: sum(n.tier is tier for n in tree.walk()) for tier in Tier}
    assert counted == {Tier.PROVINCE: 1, Tier.CITY: 13, Tier.COUNTY: 95, Tier.SCHOOL: 95}
    assert list(tiers.overdrawn(tree)) == []
    assert tree.whole.cpu_millis == 94_500 * 16  # 105 machines of 16 cores, 90 % of each


def test_a_failed_sites_users_have_their_room_in_every_city() -> None:
    world = worlds.province()
    for site in world.sites:
        tree = tiers.site_tree(world, site)
        replicas = sum(w.replicas(site.users_concurrent) for w in world.platform.workloads)
        most = sum(w.replicas(site.users_at_most) for w in world.platform.workloads)
        assert tree.kept_free.pods == math.ceil((most - replicas) * tiers.SURGE)
        assert tree.platform.pods == math.ceil(replicas * tiers.SURGE)


def test_a_county_holds_its_schools_and_a_city_its_counties() -> None:
    world = worlds.small()
    tree = tiers.site_tree(world, world.site("suzhou"))
    for county, data in zip(tree.parts, world.site("suzhou").counties, strict=True):
        (schools,) = county.parts
        assert schools.whole.cpu_millis == 5 * data.schools
        assert county.whole.cpu_millis == 500 + 5 * data.schools
    assert tree.jobs == Amount(cpu_millis=8000, memory_mib=32768, pods=80)


def shares(world: Province, tier: Tier, cpu_millis: int) -> Province:
    compute = Compute(cpu_millis=cpu_millis, memory_mib=16)
    changed = world.tiers.model_copy(update={tier.value: compute})
    return world.model_copy(update={"tiers": changed})


@pytest.mark.parametrize(
    ("world", "words"),
    [
        (shares(worlds.small(), Tier.SCHOOL, 80), "city suzhou"),
        (shares(worlds.small(), Tier.COUNTY, 15_000), "city suzhou"),
        (shares(worlds.small(), Tier.PROVINCE, 150_000), "city suzhou"),
        (worlds.with_site(worlds.small(), "suzhou", users_concurrent=60_000), "city suzhou"),
        (worlds.with_pool(worlds.small(), "main", Purpose.PLATFORM, memory_gib=1), "province main"),
    ],
)
def test_each_way_to_promise_too_much_is_found(world: Province, words: str) -> None:
    found = [str(b) for s in world.sites for b in tiers.overdrawn(tiers.site_tree(world, s))]
    assert any(words in text and "there are" in text for text in found), found
