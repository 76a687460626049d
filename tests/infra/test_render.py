from __future__ import annotations

from infra.plan.render import PlanSummary, describe, text
from infra.plan.site import plan_site
from tests import worlds
from tests.infra import example


def summary(site: str = "suzhou") -> PlanSummary:
    return describe(plan_site(example.small(), site, "rehearsal"), example.small())


def test_the_load_is_told_as_a_share_of_the_platform_pool() -> None:
    # 8 replicas of 0.5 cores on 4 nodes of 32 cores; 8 of 0.5 GiB on 4 of 128 GiB
    assert (summary().cpu_percent, summary().memory_percent) == (3.1, 0.8)


def test_the_text_says_how_many_and_why() -> None:
    said = text(summary())
    assert "city/login: 4 replicas (to 8, never under 3)" in said
    assert "platform    4 nodes in 2 zones, 128 cores, 512 GiB" in said
    assert "because     4,000 users of suzhou at once" in said


def test_the_main_site_says_whence_its_users_come() -> None:
    assert "2,000 of the branches' users" in summary("main").reasons[0]


def test_a_summary_survives_json() -> None:
    assert PlanSummary.model_validate_json(summary().model_dump_json()) == summary()


def test_links_and_disks_are_told_with_their_reasons() -> None:
    world = worlds.small()
    seen = describe(plan_site(world, "xuzhou", "rehearsal"), world)
    said = text(seen)
    assert "uplink out  1.86 of 30 Gbit/s at most, at 01:00 (backup 1.85)" in said
    assert "because     a link is planned to 75 %, a lost site's users counted" in said
    assert "pool        resources: 4+2 on 7 hosts (needs 7)" in said
    assert "are reached 1.0 years after the opening: buy disks by 2027-09-05" in said
    assert len(seen.links[0].hours_gbps) == 24
    assert PlanSummary.model_validate_json(seen.model_dump_json()) == seen


def test_where_copies_go_and_who_holds_the_database_is_told() -> None:
    world = worlds.small()
    seen = describe(plan_site(world, "xuzhou", "production"), world)
    said = text(seen)
    assert "  copies      to main (platform at " in said
    assert "; keeps those of suzhou" in said
    assert "  database    base-xuzhou follows base-main: 3 instances of 2 cores" in said
    assert "  data        stays when the stack goes" in said
    assert "charts/velero:1.17.0 in backup" in said
    assert PlanSummary.model_validate_json(seen.model_dump_json()) == seen


def test_the_main_centers_services_are_told_like_any_workload() -> None:
    said = text(summary("main"))
    assert "identity/keycloak: 2 replicas (to 4, never under 1)" in said
