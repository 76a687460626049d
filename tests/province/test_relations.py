"""A pair for each relation: the smallest world that keeps it, the smallest that breaks it."""

from __future__ import annotations

import inspect
from ipaddress import IPv4Network, IPv6Network

import pytest

from province import relations
from province.data import Handover
from province.objectives import Journey
from province.platform import Compute
from province.province import Province
from province.sites import Host, Prefixes, Purpose, Role, Zone
from tests import worlds

SMALL = worlds.small()


def breaches(check: relations.Check, world: Province) -> list[tuple[str, str]]:
    """Subject and evidence of each finding; holds that the rule is the check's own name."""
    found = list(check(world))
    for finding in found:
        assert f"check_{finding.rule.replace('-', '_')}" == check.__name__
    return [(finding.subject, finding.evidence) for finding in found]


def subjects(check: relations.Check, world: Province) -> list[str]:
    return [subject for subject, _ in breaches(check, world)]


def with_prefixes(site: str, ipv4: str, ipv6: str) -> Province:
    prefixes = Prefixes(ipv4=IPv4Network(ipv4), ipv6=IPv6Network(ipv6))
    return worlds.with_site(SMALL, site, prefixes=prefixes)


def test_every_check_is_in_the_list() -> None:
    written = [one for name, one in inspect.getmembers(relations) if name.startswith("check_")]
    assert set(written) == set(relations.CHECKS)


def test_jiangsu_keeps_all() -> None:
    assert relations.check(worlds.province()) == ()


@pytest.mark.parametrize(
    "check",
    relations.CHECKS,
    ids=lambda check: str(check.__name__),
)
def test_the_small_world_keeps(check: relations.Check) -> None:
    assert list(check(SMALL)) == []


def test_every_prefecture_has_its_branch() -> None:
    check = relations.check_every_prefecture_has_its_branch
    assert breaches(check, worlds.province()) == []
    assert breaches(check, worlds.without_site(worlds.province(), "suqian")) == [
        ("sites", "12 branches in 12 prefectures")
    ]
    moved = worlds.with_site(worlds.province(), "suqian", prefecture="xuzhou")
    assert breaches(check, moved) == [("sites", "13 branches in 12 prefectures")]


def test_main_site_is_one_and_first() -> None:
    check = relations.check_main_site_is_one_and_first
    assert subjects(check, worlds.without_site(SMALL, "main")) == ["sites"]
    assert subjects(check, worlds.with_site(SMALL, "suzhou", role=Role.MAIN)) == ["sites"]
    turned = SMALL.model_copy(update={"sites": SMALL.sites[::-1]})
    assert breaches(check, turned) == [("sites", "main sites: main; first: xuzhou")]


def test_ids_are_unique() -> None:
    check = relations.check_ids_are_unique
    twin = worlds.with_site(SMALL, "xuzhou", id="suzhou")
    assert "sites.2.id" in subjects(check, twin)
    counties = SMALL.site("suzhou").counties
    doubled = worlds.with_site(SMALL, "suzhou", counties=(*counties, counties[0]))
    assert subjects(check, doubled) == ["sites.suzhou.counties.9.id"]
    twice = worlds.with_workload(SMALL, "video", id="learning")
    assert subjects(check, twice) == ["platform.workloads.3.id"]


def test_zones_and_pools_are_unique() -> None:
    check = relations.check_zones_and_pools_are_unique
    zones = (Zone(id="z1", racks=("r1",)), Zone(id="z1", racks=("r2",)))
    assert subjects(check, worlds.with_site(SMALL, "main", zones=zones)) == [
        "sites.main.zones.1.id"
    ]
    nodes = (*SMALL.main.nodes, SMALL.main.nodes[0])
    assert subjects(check, worlds.with_site(SMALL, "main", nodes=nodes)) == [
        "sites.main.nodes.4.purpose"
    ]


def test_prefixes_lie_in_the_address_space() -> None:
    check = relations.check_prefixes_lie_in_the_address_space
    outside = with_prefixes("suzhou", "172.16.0.0/16", "fd00::/48")
    assert breaches(check, outside) == [
        ("sites.suzhou.prefixes.ipv4", "172.16.0.0/16 does not lie in 10.0.0.0/8"),
        ("sites.suzhou.prefixes.ipv6", "fd00::/48 does not lie in fd7c:41d9:e600::/40"),
    ]


def test_prefixes_are_disjoint() -> None:
    check = relations.check_prefixes_are_disjoint
    within = with_prefixes("suzhou", "10.1.0.0/16", "fd7c:41d9:e600::/56")
    assert breaches(check, within) == [
        ("sites.suzhou.prefixes.ipv4", "10.1.0.0/16 overlaps 10.0.0.0/13 of main"),
        ("sites.suzhou.prefixes.ipv6", "fd7c:41d9:e600::/56 overlaps fd7c:41d9:e600::/48 of main"),
    ]


def test_branches_serve_the_promised_users() -> None:
    check = relations.check_branches_serve_the_promised_users
    fewer = worlds.with_site(SMALL, "xuzhou", users_concurrent=999)
    assert breaches(check, fewer) == [
        ("objectives.users_concurrent_min", "the branches serve 2999 users of 3000")
    ]


@pytest.mark.parametrize("partner", ["xuzhou", "nobody"])
def test_backup_partner_lies_in_another_prefecture(partner: str) -> None:
    check = relations.check_backup_partner_lies_in_another_prefecture
    world = worlds.with_site(SMALL, "xuzhou", backup_partner=partner)
    assert subjects(check, world) == ["sites.xuzhou.backup_partner"]


def test_backup_partner_in_the_same_prefecture_is_none() -> None:
    check = relations.check_backup_partner_lies_in_another_prefecture
    world = worlds.with_site(SMALL, "suzhou", prefecture="xuzhou")
    assert breaches(check, world) == [("sites.suzhou.backup_partner", "xuzhou lies in xuzhou too")]


def test_every_site_backs_up_exactly_one() -> None:
    check = relations.check_every_site_backs_up_exactly_one
    crowded = worlds.with_site(SMALL, "suzhou", backup_partner="main")
    assert breaches(check, crowded) == [
        ("sites.main", "it keeps the copies of suzhou, xuzhou"),
        ("sites.xuzhou", "it keeps the copies of no site"),
    ]


def test_every_branch_has_its_people() -> None:
    check = relations.check_every_branch_has_its_people
    empty = worlds.with_site(SMALL, "suzhou", audience=None, counties=(), users_concurrent=0)
    assert subjects(check, empty) == [
        "sites.suzhou.audience",
        "sites.suzhou.counties",
        "sites.suzhou.users_concurrent",
    ]


def test_codes_follow_the_prefecture() -> None:
    check = relations.check_codes_follow_the_prefecture
    moved = worlds.with_county(SMALL, "suzhou", "suzhou-gusu", code="320308")
    assert subjects(check, moved) == ["sites.suzhou.counties.suzhou-gusu.code"]
    assert subjects(check, worlds.with_site(SMALL, "main", code="320102")) == ["sites.main.code"]


def test_codes_are_unique() -> None:
    check = relations.check_codes_are_unique
    twice = worlds.with_county(SMALL, "suzhou", "suzhou-gusu", code="320505")
    assert breaches(check, twice) == [
        (
            "sites.suzhou.counties.suzhou-gusu.code",
            "'320505' stands at sites.suzhou.counties.suzhou-huqiu.code too",
        )
    ]
    assert "sites.xuzhou.code" in subjects(check, worlds.with_site(SMALL, "xuzhou", code="320500"))


def test_counties_hold_all_schools() -> None:
    check = relations.check_counties_hold_all_schools
    more = worlds.with_county(SMALL, "suzhou", "suzhou-gusu", schools=1)
    assert subjects(check, more) == ["sites.suzhou.audience.schools"]


def test_main_site_has_the_promised_internet() -> None:
    check = relations.check_main_site_has_the_promised_internet
    narrow = worlds.with_site(SMALL, "main", internet_gbps=19.9)
    assert breaches(check, narrow) == [("sites.main.internet_gbps", "19.9 Gbit/s of 20")]


def test_every_journey_has_one_objective() -> None:
    check = relations.check_every_journey_has_one_objective
    given = SMALL.objectives.journeys
    without = worlds.with_objectives(SMALL, journeys=given[1:])
    assert breaches(check, without) == [
        ("objectives.journeys.login", "journey login has 0 objectives")
    ]
    twice = worlds.with_objectives(SMALL, journeys=(*given, given[0]))
    assert breaches(check, twice) == [
        ("objectives.journeys.login", "journey login has 2 objectives")
    ]
    assert {one.journey for one in given} == set(Journey)


def test_percentiles_rise() -> None:
    check = relations.check_percentiles_rise
    first = SMALL.objectives.journeys[0].model_copy(update={"response_ms_p99_max": 999})
    world = worlds.with_objectives(SMALL, journeys=(first, *SMALL.objectives.journeys[1:]))
    assert subjects(check, world) == ["objectives.journeys.login.response_ms_p99_max"]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_control_plane_keeps_a_majority(count: int) -> None:
    check = relations.check_control_plane_keeps_a_majority
    world = worlds.with_pool(SMALL, "suzhou", Purpose.CONTROL, count=count)
    assert subjects(check, world) == ["sites.suzhou.nodes.control.count"]
    five = worlds.with_pool(SMALL, "suzhou", Purpose.CONTROL, count=5)
    assert subjects(check, five) == []


def test_edge_outlives_one_machine() -> None:
    check = relations.check_edge_outlives_one_machine
    one = worlds.with_pool(SMALL, "suzhou", Purpose.EDGE, count=1)
    assert subjects(check, one) == ["sites.suzhou.nodes.edge.count"]
    assert breaches(check, worlds.with_site(SMALL, "suzhou", nodes=SMALL.main.nodes[:2])) == [
        ("sites.suzhou.nodes.edge.count", "0 edge machines")
    ]


def test_pools_heal_after_a_lost_host() -> None:
    check = relations.check_pools_heal_after_a_lost_host
    seven = worlds.with_pool(SMALL, "main", Purpose.STORAGE, count=7)
    assert breaches(check, seven) == []
    assert breaches(check, worlds.with_pool(SMALL, "main", Purpose.STORAGE, count=6)) == [
        ("sites.main.nodes.storage.count", "6 hosts, but pool resources of 4+2 needs 7")
    ]
    assert subjects(check, worlds.with_site(SMALL, "main", nodes=())) == [
        "sites.main.nodes.storage.count",
        "sites.main.nodes.storage.count",
        "sites.main.nodes.storage.count",
    ]


def test_volumes_hold_the_database() -> None:
    check = relations.check_volumes_hold_the_database
    assert breaches(check, SMALL) == []
    huge = worlds.with_database(SMALL, storage_gib=1902, holders=("suzhou", "xuzhou"))
    assert breaches(check, huge) == []
    two = worlds.with_database(SMALL, storage_gib=1904, holders=("suzhou", "xuzhou"))
    assert breaches(check, two) == [
        (
            "data.database.storage_gib",
            "3 servers take 6.46 TB of volumes; suzhou has 6.45 TB for them",
        ),
        (
            "data.database.storage_gib",
            "3 servers take 6.46 TB of volumes; xuzhou has 6.45 TB for them",
        ),
    ]
    assert breaches(check, two.model_copy(update={"data": None})) == []


def test_storage_hosts_bear_their_disks() -> None:
    check = relations.check_storage_hosts_bear_their_disks
    assert breaches(check, worlds.with_pool(SMALL, "main", Purpose.STORAGE, disks=16)) == []
    assert breaches(check, worlds.with_pool(SMALL, "main", Purpose.STORAGE, disks=17)) == [
        (
            "sites.main.nodes.storage.disks",
            "17 disks take 34 cores and 136 GiB; a machine has 32 and 128",
        )
    ]
    few = worlds.with_pool(SMALL, "main", Purpose.STORAGE, disks=12, memory_gib=95)
    assert subjects(check, few) == ["sites.main.nodes.storage.disks"]
    assert breaches(check, worlds.with_site(SMALL, "main", nodes=())) == []


def test_disks_are_bought_before_a_loss_fills_them() -> None:
    check = relations.check_disks_are_bought_before_a_loss_fills_them
    # 500 TB at xuzhou are 625 TB a year on; seven hosts hold 627 TB with one of them lost
    assert breaches(check, SMALL) == []
    full = worlds.with_objectives(SMALL, storage_pb_min=0.52)
    ((subject, evidence),) = breaches(check, full)
    assert subject == "sites.xuzhou.nodes.storage"
    assert evidence.startswith("650 TB by the time that new disks stand")
    assert evidence.endswith("with the largest host lost 0.85 of the disks hold 627 TB")
    more = worlds.with_pool(full, "xuzhou", Purpose.STORAGE, count=8)
    assert breaches(check, more) == []


def test_links_hold_their_busiest_hour() -> None:
    check = relations.check_links_hold_their_busiest_hour
    busy = worlds.with_site(worlds.province(), "main", internet_gbps=16.0)
    assert subjects(check, busy) == ["sites.main.internet_gbps"]
    assert breaches(check, worlds.with_site(worlds.province(), "main", internet_gbps=16.1)) == []
    narrow = worlds.with_site(worlds.province(), "xuzhou", uplink_gbps=9)
    ((subject, evidence),) = breaches(check, narrow)
    assert subject == "sites.xuzhou.uplink_gbps"
    assert evidence.startswith("uplink out at 09:00: 7.2 Gbit/s of 6.8, which is 75 % of the link")
    assert evidence.endswith("(users 2.15, a lost site's users 5.00, replication 0.08)")


def test_backup_window_is_open() -> None:
    check = relations.check_backup_window_is_open
    traffic = SMALL.traffic.model_copy(update={"backup_from_hour": 22, "backup_to_hour": 2})
    assert breaches(check, SMALL.model_copy(update={"traffic": traffic})) == []
    shut = traffic.model_copy(update={"backup_to_hour": 22})
    assert breaches(check, SMALL.model_copy(update={"traffic": shut})) == [
        ("traffic.backup_to_hour", "from 22:00 to 22:00 there is no hour")
    ]


@pytest.mark.parametrize("paths", [("/login",), ("videos",), ("/videos", "/videos")])
def test_path_prefixes_are_unique(paths: tuple[str, ...]) -> None:
    check = relations.check_path_prefixes_are_unique
    world = worlds.with_workload(SMALL, "video", path_prefixes=paths)
    assert subjects(check, world) == ["platform.workloads.video.path_prefixes"]


def test_limits_are_not_below_requests() -> None:
    check = relations.check_limits_are_not_below_requests
    for limits in (
        Compute(cpu_millis=999, memory_mib=2048),
        Compute(cpu_millis=2000, memory_mib=1),
    ):
        world = worlds.with_workload(SMALL, "video", limits=limits)
        assert subjects(check, world) == ["platform.workloads.video.limits"]
    assert subjects(check, worlds.with_workload(SMALL, "video", limits=None)) == []


def test_storage_reaches_the_promised_size() -> None:
    check = relations.check_storage_reaches_the_promised_size
    asked = worlds.with_objectives(SMALL, storage_pb_min=0.7)
    assert breaches(check, asked) == []
    world = worlds.with_pool(asked, "main", Purpose.STORAGE, disks=0)
    assert breaches(check, world) == [("objectives.storage_pb_min", "0.62 PB usable of 0.7 PB")]


def test_platform_fits_a_failed_partners_users() -> None:
    check = relations.check_platform_fits_a_failed_partners_users
    # Six machines hold xuzhou's own users or those that it may take over, but not both.
    crowded = worlds.with_site(SMALL, "xuzhou", users_concurrent=5_000, takeover_users=60_000)
    narrow = worlds.with_pool(crowded, "xuzhou", Purpose.PLATFORM, count=6)
    assert breaches(check, narrow) == [
        ("sites.xuzhou.nodes.platform", "65000 users need 90.0 cores of 86.4")
    ]
    assert breaches(check, crowded) == []
    without = worlds.with_site(SMALL, "main", nodes=SMALL.main.nodes[:1])
    assert subjects(check, without) == ["sites.main.nodes.platform"]


def test_takeover_users_follow_the_ring() -> None:
    check = relations.check_takeover_users_follow_the_ring
    more = worlds.with_site(SMALL, "suzhou", users_concurrent=2001)
    assert breaches(check, more) == [
        (
            "sites.xuzhou.takeover_users",
            "2000, but suzhou, which it backs up, has 2001 users",
        )
    ]
    assert next(iter(check(more))).hint == "write takeover_users: 2001"
    assert breaches(check, worlds.with_site(SMALL, "xuzhou", takeover_users=9000)) == []


def test_disks_hold_the_backed_up_sites_bytes() -> None:
    check = relations.check_disks_hold_the_backed_up_sites_bytes
    small = worlds.with_pool(SMALL, "xuzhou", Purpose.STORAGE, disk_tb=10)
    assert breaches(check, small) == [
        ("sites.xuzhou.nodes.storage", "3000 users need 500 TB of 387 TB")
    ]


def test_tier_quotas_hold() -> None:
    check = relations.check_tier_quotas_hold
    compute = Compute(cpu_millis=80, memory_mib=16)
    greedy = SMALL.model_copy(update={"tiers": SMALL.tiers.model_copy(update={"school": compute})})
    assert breaches(check, greedy)[0] == (
        "sites.suzhou.nodes.platform",
        "city suzhou: own, kept free and handed down come to 205.75 cores, there are 129.6",
    )


def test_former_partner_is_another_site() -> None:
    check = relations.check_former_partner_is_another_site
    assert subjects(check, worlds.with_site(SMALL, "main", former_partner="xuzhou")) == []
    for wrong in ("main", "suzhou", "atlantis"):
        world = worlds.with_site(SMALL, "main", former_partner=wrong)
        assert subjects(check, world) == ["sites.main.former_partner"]


def test_database_lies_at_its_holders() -> None:
    check = relations.check_database_lies_at_its_holders
    handed = worlds.with_handover(SMALL, Handover(to="xuzhou"))
    assert breaches(check, handed) == []
    assert subjects(check, worlds.with_primary(SMALL, "atlantis")) == ["data.database.primary"]
    for wrong in ("atlantis", "main"):
        world = worlds.with_handover(SMALL, Handover(to=wrong))
        assert subjects(check, world) == ["data.database.handover.to"]
    for holders in (("main", "atlantis"), ("xuzhou", "suzhou")):
        world = worlds.with_database(SMALL, primary=holders[0], holders=holders)
        assert subjects(check, world) == ["data.database.holders"]
    assert breaches(check, SMALL.model_copy(update={"data": None})) == []


def test_an_inventory_is_whole_or_not_there() -> None:
    check = relations.check_inventory_names_all_machines_of_a_pool
    host = Host(bmc_address="redfish://[fd00::1]/", boot_mac="02:00:00:00:00:01")
    count = SMALL.site("suzhou").nodes[0].count
    whole = worlds.with_pool(SMALL, "suzhou", Purpose.CONTROL, hosts=(host,) * count)
    assert subjects(check, SMALL) == subjects(check, whole) == []
    broken = worlds.with_pool(SMALL, "suzhou", Purpose.CONTROL, hosts=(host,))
    assert breaches(check, broken) == [
        ("sites.suzhou.nodes.control", f"1 hosts for {count} machines")
    ]
