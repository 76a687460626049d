from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evidence.load import LoadWorkerRecord
from evidence.records import ReachRecord
from loadtests.reach import Reach, reached
from tests.release import runs

GUSU = "suzhou-gusu"


def school(number: int, county: str = GUSU) -> str:
    return f"{county}-school-{number:04d}"


def worker(number: int, reach: Reach) -> LoadWorkerRecord:
    return runs.worker(number, counties=reach.samples())


def noted(*schools: str, site: str = "suzhou", county: str = GUSU) -> Reach:
    reach = Reach()
    for name in schools:
        reach.note(site, county, name)
    return reach


@given(st.lists(st.sets(st.integers(1, 300)), min_size=1, max_size=4))
def test_a_school_counts_once_over_all_workers(seen: list[set[int]]) -> None:
    workers = [worker(n, noted(*map(school, numbers))) for n, numbers in enumerate(seen)]
    again = [LoadWorkerRecord.model_validate_json(one.model_dump_json()) for one in workers]
    (record,) = reached(again) or [ReachRecord(site="suzhou", county=GUSU, schools=0)]
    assert record == ReachRecord(site="suzhou", county=GUSU, schools=len(set().union(*seen)))


def test_a_county_at_two_sites_is_two_paths() -> None:
    workers = [worker(0, noted(school(1))), worker(1, noted(school(1), site="xuzhou"))]
    assert [(one.site, one.schools) for one in reached(workers)] == [("suzhou", 1), ("xuzhou", 1)]


def test_people_of_no_school_and_of_no_such_school_reach_their_county_alone() -> None:
    wrong = ("", school(1, "xuzhou-gulou"), f"{GUSU}-school-x", f"{GUSU}-school-{10**9}")
    (record,) = reached([worker(0, noted(*wrong))])
    assert record.schools == 0


def test_a_full_report_is_small() -> None:
    reach = Reach()
    for county in range(100):
        for number in range(1, 180):
            reach.note("suzhou", f"county-{county:03d}", school(number, f"county-{county:03d}"))
    assert len(worker(0, reach).model_dump_json()) < 20_000
