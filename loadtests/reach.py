"""Which counties and schools were reached: by people who logged in at their own site's edge.

A school is a bit, so that fourteen thousand of them take four kilobytes of a worker's report.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from evidence.load import CountySample, LoadWorkerRecord
from evidence.records import ReachRecord

_SEPARATOR = "-school-"
_DIGITS_MAX = 5
"""A platform that says more would cost a worker its memory."""


class Reach:
    """One for a worker. What is counted is what the platform says of who has logged in."""

    def __init__(self) -> None:
        self._schools: dict[tuple[str, str], int] = defaultdict(int)

    def note(self, site: str, county: str, school: str) -> None:
        """Somebody of that county logged in at that site; an empty `school` is none.

        A school of another county, or without a number, is not counted.
        """
        of, _, number = school.rpartition(_SEPARATOR)
        known = of == county and number.isdecimal() and len(number) <= _DIGITS_MAX
        self._schools[site, county] |= 1 << int(number) if known else 0

    def samples(self) -> tuple[CountySample, ...]:
        """All of it, for a report."""
        return tuple(
            CountySample(site=site, county=county, schools=f"{schools:x}")
            for (site, county), schools in self._schools.items()
        )


def reached(workers: Iterable[LoadWorkerRecord]) -> tuple[ReachRecord, ...]:
    """All workers together, by site and county."""
    schools: dict[tuple[str, str], int] = defaultdict(int)
    for worker in workers:
        for sample in worker.counties:
            schools[sample.site, sample.county] |= int(sample.schools, 16)
    return tuple(
        ReachRecord(site=site, county=county, schools=bits.bit_count())
        for (site, county), bits in sorted(schools.items())
    )
