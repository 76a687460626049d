"""What every storage of the platform keeps to, whatever it is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha256

from province.audience import Persona
from rehearsal.platform.storage import RESOURCES_PER_PAGE, Mark, Person, Storage, Submission

AT = 1_700_000_000.25
NOBODY = ("nobody", "a\0b", "' OR true --", "")


async def keeps_its_word(storage: Storage, everybody: Sequence[Person]) -> None:
    """Of a storage that holds those people, and that nobody else writes to."""
    await knows_people(storage, everybody)
    await knows_courses_and_catalogue(storage)
    await keeps_submissions(storage, everybody)
    await keeps_marks(storage, everybody)


async def knows_people(storage: Storage, everybody: Sequence[Person]) -> None:
    for persona in Persona:
        who = next(one for one in everybody if one.persona is persona)
        found = await storage.credentials(who.account)
        assert found is not None
        assert found.person == who
        assert (len(found.salt), len(found.digest)) == (16, 32)
    student = first(everybody, Persona.STUDENT)
    assert await storage.is_in_form(student.account, student.form)
    for name in NOBODY:
        assert await storage.credentials(name) is None
        assert not await storage.is_in_form(name, student.form)
        assert not await storage.is_in_form(student.account, name)
        assert await storage.school(name) is None
        assert await storage.schools_of_county(name) == ()
        assert await storage.marks_of_student(name) == await storage.marks_of_form(name) == ()


async def knows_courses_and_catalogue(storage: Storage) -> None:
    pages = [await storage.resources(page) for page in (1, 2)]
    assert [one.id for page in pages for one in page] == list(range(1, 2 * RESOURCES_PER_PAGE + 1))
    assert await storage.resources(10**15) == ()
    course = await storage.course(7)
    assert course is not None
    assert (course.id, course.video, course.segments) == (7, 7, 64)
    assert await storage.course(0) is await storage.course(10**15) is None


async def keeps_submissions(storage: Storage, everybody: Sequence[Person]) -> None:
    student = first(everybody, Persona.STUDENT)
    before = await storage.school(student.school)
    handed_in = [submission(student, f"作业 {number}\0") for number in range(3)]
    numbers = await asyncio.gather(*map(storage.submit, handed_in))
    assert len(set(numbers)) == len(handed_in)
    after = await storage.school(student.school)
    assert before is not None
    assert after is not None
    assert after.submissions == before.submissions + len(handed_in)
    assert after.students > 0
    assert after in await storage.schools_of_county(student.county)


async def keeps_marks(storage: Storage, everybody: Sequence[Person]) -> None:
    teacher = first(everybody, Persona.TEACHER)
    student = next(
        one for one in everybody if one.form == teacher.form and one.persona is Persona.STUDENT
    )
    before = await storage.marks_of_student(student.account)
    (course,) = {one.course for one in before}
    mark = Mark(
        student=student.account,
        course=course % 1000 + 1,
        mark=97,
        teacher=teacher.account,
        at=AT,
    )
    again = Mark(
        student=mark.student, course=mark.course, mark=41, teacher=teacher.account, at=AT + 1
    )
    for one in (mark, again):
        await storage.grade(one)
        marks = await storage.marks_of_student(student.account)
        assert len(marks) == len(before) + 1
        assert one in marks
        assert one in await storage.marks_of_form(teacher.form)


def submission(student: Person, text: str) -> Submission:
    return Submission(
        student=student.account,
        school=student.school,
        course=3,
        text=text,
        sha256=sha256(text.encode()).hexdigest(),
        at=AT,
    )


def first(everybody: Sequence[Person], persona: Persona) -> Person:
    return next(one for one in everybody if one.persona is persona)
