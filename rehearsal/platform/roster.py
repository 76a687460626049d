"""Who the accounts belong to: the place in county, school and class of every synthetic account.

Teachers are spread over a branch's schools, one class each; students go to the classes in turn,
and school administrators to the schools that have classes, so that every relation that a request
asks about has somebody at its other end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from province.audience import Crowd, Persona, account, crowds
from province.province import Province
from province.sites import Site
from rehearsal.platform.storage import Person


def people(province: Province, users: int) -> Iterator[Person]:
    """Every person of `users` concurrent users, crowd by crowd. Raises ValueError as `crowds`."""
    all_crowds = crowds(province, users)
    teachers = {c.site: c.users for c in all_crowds if c.persona is Persona.TEACHER}
    for crowd in all_crowds:
        places = _Places(province.site(crowd.site), forms=teachers.get(crowd.site, 1))
        for index in range(crowd.users):
            yield _person(crowd, index, places)


@dataclass(frozen=True, slots=True)
class _Places:
    """A branch's counties and schools, and how many classes there are in them."""

    site: Site
    forms: int

    def county(self, index: int) -> str:
        """Counties in turn; the prefecture's own name where the province lists none."""
        counties = self.site.counties
        return counties[index % len(counties)].id if counties else self.site.prefecture

    def school(self, index: int) -> str:
        """Schools in turn over the counties: the first of each, then the second of each."""
        counties = self.site.counties
        if not counties:
            return f"{self.site.prefecture}-school-0001"
        county = counties[index % len(counties)]
        number = index // len(counties) % county.schools + 1
        return f"{county.id}-school-{number:04d}"


def _person(crowd: Crowd, index: int, places: _Places) -> Person:
    form = index % places.forms
    is_of_county = crowd.persona is Persona.COUNTY_ADMINISTRATOR
    has_form = crowd.persona in {Persona.STUDENT, Persona.TEACHER}
    school = "" if is_of_county else places.school(form)
    return Person(
        account=account(crowd.site, crowd.persona, index),
        persona=crowd.persona,
        site=crowd.site,
        city=places.site.prefecture,
        county=places.county(index if is_of_county else form),
        school=school,
        form=f"{school}/{form:06d}" if has_form else "",
    )
