"""The journeys: what the platform answers to each of its paths."""

from __future__ import annotations

import time
from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from province.audience import Persona
from province.value import Value
from rehearsal.platform import passwords
from rehearsal.platform.calls import caller, number, sent, whole
from rehearsal.platform.storage import (
    Course,
    Mark,
    Person,
    SchoolSummary,
    Storage,
    Submission,
    plain,
)
from rehearsal.platform.tokens import Tokens
from rehearsal.platform.video import Segments

_NOBODY_SALT = b"nobody".ljust(passwords.SALT_BYTES)
_NOBODY_DIGEST = bytes(32)
_VIDEO_CACHE = "private, max-age=3600"


class Login(Value):
    """What a person logs in with."""

    account: Annotated[str, Field(max_length=100)]
    password: Annotated[str, Field(max_length=200)]


class HandIn(Value):
    """What a student hands in."""

    course: int
    text: Annotated[str, Field(min_length=1)]


class Grade(Value):
    """A teacher's mark for a student of their class, from 0 to 100."""

    student: str
    course: int
    mark: Annotated[int, Field(ge=0, le=100)]


class Journeys:
    """The seven journeys over one storage."""

    def __init__(self, storage: Storage, segments: Segments, tokens: Tokens) -> None:
        self._storage = storage
        self._segments = segments
        self._tokens = tokens

    def routes(self) -> list[BaseRoute]:
        """The paths, the most asked for first."""
        return [
            Route("/videos/{video}/{segment}", self.video),
            Route("/catalogue", self.catalogue),
            Route("/courses/{course}", self.course),
            Route("/login", self.login, methods=["POST"]),
            Route("/submissions", self.submit, methods=["POST"]),
            Route("/gradebook", self.gradebook),
            Route("/gradebook", self.grade, methods=["POST"]),
            Route("/management/school", self.own_school),
            Route("/management/school/{school}", self.school),
            Route("/management/county", self.own_county),
            Route("/management/county/{county}", self.county),
        ]

    async def login(self, request: Request) -> Response:
        """A token for account and password; the same 401, as fast, for either being wrong."""
        login = await sent(request, Login)
        found = await self._storage.credentials(login.account)
        salt, digest = (found.salt, found.digest) if found else (_NOBODY_SALT, _NOBODY_DIGEST)
        if not passwords.matches(salt, digest, login.password) or found is None:
            raise HTTPException(401, "account or password is wrong")
        issued = self._tokens.issue(found.person)
        return JSONResponse(
            {
                "token": issued.token,
                "expires_at": issued.expires_at,
                "home": found.person.site,
                "persona": found.person.persona.value,
                "county": found.person.county,
                "school": found.person.school,
            }
        )

    async def catalogue(self, request: Request) -> Response:
        """A page of the one catalogue."""
        caller(request, self._tokens)
        page = whole(request.query_params.get("page", "1"))
        if not page:
            raise HTTPException(400, "page is a number from 1")
        found = await self._storage.resources(page)
        return JSONResponse({"page": page, "resources": [plain(one) for one in found]})

    async def course(self, request: Request) -> Response:
        """A course page."""
        caller(request, self._tokens)
        return JSONResponse(plain(await self._course(number(request, "course"))))

    async def video(self, request: Request) -> Response:
        """A video segment; its ETag is its SHA-256."""
        caller(request, self._tokens)
        video, segment = number(request, "video"), number(request, "segment")
        content = await self._segments.read(video, segment)
        if content is None:
            raise HTTPException(404, "no such segment")
        etag = f'"{self._segments.etag(video, segment)}"'
        headers = {"etag": etag, "cache-control": _VIDEO_CACHE}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type="video/mp4")

    async def submit(self, request: Request) -> Response:
        """Keeps a submission; 201 only once it is committed."""
        student = caller(request, self._tokens, Persona.STUDENT)
        handed_in = await sent(request, HandIn)
        await self._course(handed_in.course)
        text_sha256 = sha256(handed_in.text.encode()).hexdigest()
        submission = Submission(
            student=student.account,
            school=student.school,
            course=handed_in.course,
            text=handed_in.text,
            sha256=text_sha256,
            at=time.time(),
        )
        return JSONResponse(
            {"id": await self._storage.submit(submission), "sha256": text_sha256}, 201
        )

    async def gradebook(self, request: Request) -> Response:
        """A student's own marks, or those of a teacher's class."""
        person = caller(request, self._tokens, Persona.STUDENT, Persona.TEACHER)
        if person.persona is Persona.STUDENT:
            marks = await self._storage.marks_of_student(person.account)
        else:
            marks = await self._storage.marks_of_form(person.form)
        return JSONResponse({"marks": [plain(mark) for mark in marks]})

    async def grade(self, request: Request) -> Response:
        """A teacher's mark for a student of their own class."""
        teacher = caller(request, self._tokens, Persona.TEACHER)
        grade = await sent(request, Grade)
        await self._course(grade.course)
        if not await self._storage.is_in_form(grade.student, teacher.form):
            raise HTTPException(403, "not a student of your class")
        mark = Mark(
            student=grade.student,
            course=grade.course,
            mark=grade.mark,
            teacher=teacher.account,
            at=time.time(),
        )
        await self._storage.grade(mark)
        return JSONResponse(plain(mark), 201)

    async def own_school(self, request: Request) -> Response:
        """The school administrator's desk."""
        person = caller(request, self._tokens, Persona.SCHOOL_ADMINISTRATOR)
        return await self._school(person.school)

    async def school(self, request: Request) -> Response:
        """The same by name; 403 for every school but one's own."""
        person = caller(request, self._tokens, Persona.SCHOOL_ADMINISTRATOR)
        _require_own(person.school, request.path_params["school"])
        return await self._school(person.school)

    async def own_county(self, request: Request) -> Response:
        """The county administrator's desk."""
        person = caller(request, self._tokens, Persona.COUNTY_ADMINISTRATOR)
        return await self._county(person)

    async def county(self, request: Request) -> Response:
        """The same by name; 403 for every county but one's own."""
        person = caller(request, self._tokens, Persona.COUNTY_ADMINISTRATOR)
        _require_own(person.county, request.path_params["county"])
        return await self._county(person)

    async def _course(self, course: int) -> Course:
        found = await self._storage.course(course)
        if found is None:
            raise HTTPException(404, "no such course")
        return found

    async def _school(self, school: str) -> Response:
        found = await self._storage.school(school)
        if found is None:
            raise HTTPException(404, "no such school")
        return JSONResponse(plain(found))

    async def _county(self, person: Person) -> Response:
        schools = await self._storage.schools_of_county(person.county)
        return JSONResponse({"county": person.county, **_sums(schools)})


def _require_own(own: str, asked: str) -> None:
    if asked != own:
        raise HTTPException(403, "not yours to see")


def _sums(schools: Iterable[SchoolSummary]) -> dict[str, object]:
    every = list(schools)
    return {
        "schools": len(every),
        "students": sum(one.students for one in every),
        "teachers": sum(one.teachers for one in every),
        "submissions": sum(one.submissions for one in every),
    }
