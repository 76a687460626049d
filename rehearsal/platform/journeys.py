"""The journeys: what the platform answers to each of its paths.

Catalogue and courses do not change while the platform runs, so each of their pages is written
once and kept. Files are sent by the edge (`files`): here it is only said which.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Annotated
from urllib.parse import parse_qs
from zlib import crc32

from pydantic import Field
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from province.audience import Persona
from province.value import Value
from rehearsal.platform import passwords
from rehearsal.platform.calls import Headers, caller, has_known_token, number, sent, whole
from rehearsal.platform.ready import Hashed, Ready
from rehearsal.platform.shelf import Shelf
from rehearsal.platform.storage import (
    Mark,
    Person,
    SchoolSummary,
    Storage,
    StorageError,
    Submission,
)
from rehearsal.platform.tokens import Tokens
from rehearsal.platform.video import VIDEOS, Segments

Step = Callable[..., Awaitable[Response]]
"""Takes the request and the parts of its path after the first."""
_NOBODY_SALT = b"nobody".ljust(passwords.SALT_BYTES)
_NOBODY_DIGEST = bytes(32)
_COURSE_END = 10**15
"""SQLite's integers have up to 19 digits."""


class Login(Value):
    """What a person logs in with."""

    account: Annotated[str, Field(max_length=100)]
    password: Annotated[str, Field(max_length=200)]


class HandIn(Value):
    """What a student hands in."""

    course: Annotated[int, Field(ge=0, lt=_COURSE_END)]
    text: Annotated[str, Field(min_length=1)]


class Grade(Value):
    """A teacher's mark for a student of their class, from 0 to 100."""

    student: str
    course: Annotated[int, Field(ge=0, lt=_COURSE_END)]
    mark: Annotated[int, Field(ge=0, le=100)]


class Journeys:
    """The eight journeys over one storage, as an ASGI application."""

    def __init__(self, storage: Storage, segments: Segments, shelf: Shelf, tokens: Tokens) -> None:
        self._storage = storage
        self._segments = segments
        self._shelf = shelf
        self._tokens = tokens
        self._pages: dict[int, Ready] = {}
        self._courses: dict[int, Ready] = {}
        self._at_hand: Mapping[tuple[str, int], Callable[..., Ready | None]] = {
            ("videos", 2): self._segment_at_hand,
            ("catalogue", 0): self._page_at_hand,
            ("courses", 1): self._course_at_hand,
            ("resources", 1): self._resource_at_hand,
        }
        self._steps: Mapping[tuple[str, int], Mapping[str, Step]] = {
            ("videos", 2): {"GET": self.video},
            ("catalogue", 0): {"GET": self.catalogue},
            ("courses", 1): {"GET": self.course},
            ("resources", 1): {"GET": self.resource},
            ("login", 0): {"POST": self.login},
            ("submissions", 0): {"POST": self.submit},
            ("gradebook", 0): {"GET": self.gradebook, "POST": self.grade},
            ("management", 1): {"GET": self.management},
            ("management", 2): {"GET": self.management},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; whatever is wrong with it is refused as HTTP says."""
        try:
            response = await self._answer(Request(scope, receive))
        except HTTPException as refused:
            response = _json({"error": refused.detail}, refused.status_code, refused.headers)
        except StorageError as error:
            response = _json({"error": str(error)}, 503)
        await response(scope, receive, send)

    def ready(self, path: str, query: bytes, headers: Headers) -> Ready | None:
        """The answer to a GET whose caller is known and whose answer is kept; else None.

        Refuses nothing: whatever is wrong is for `__call__` to say.
        """
        first, *others = path[1:].split("/")
        find = self._at_hand.get((first, len(others)))
        if find is None or not has_known_token(headers, self._tokens):
            return None
        return find(query, *others)

    async def _answer(self, request: Request) -> Response:
        """By the path's first part and the number of the others; HEAD is GET without the body."""
        _, first, *others = request.scope["path"].split("/")
        steps = self._steps.get((first, len(others)))
        if steps is None:
            raise HTTPException(404)
        step = steps.get("GET" if request.method == "HEAD" else request.method)
        if step is None:
            raise HTTPException(405, headers={"Allow": ", ".join(steps)})
        return await step(request, *others)

    async def login(self, request: Request) -> Response:
        """A token for account and password; the same 401, as fast, for either being wrong."""
        login = await sent(request, Login)
        found = await self._storage.credentials(login.account)
        salt, digest = (found.salt, found.digest) if found else (_NOBODY_SALT, _NOBODY_DIGEST)
        if not passwords.matches(salt, digest, login.password) or found is None:
            raise HTTPException(401, "account or password is wrong")
        issued = self._tokens.issue(found.person)
        return _json(
            {
                "token": issued.token,
                "expires_at": issued.expires_at,
                "home": found.person.site,
                "persona": found.person.persona.value,
                "county": found.person.county,
                "school": found.person.school,
                "course": _course_of(found.person.form),
            }
        )

    async def catalogue(self, request: Request) -> Response:
        """A page of the one catalogue."""
        caller(request, self._tokens)
        page = _page(request.scope["query_string"])
        if not page:
            raise HTTPException(400, "page is a number from 1")
        return self._pages.get(page) or await self._new_page(page)

    async def course(self, request: Request, course: str) -> Response:
        """A course page."""
        caller(request, self._tokens)
        return await self._course(number(course))

    async def video(self, request: Request, video: str, segment: str) -> Response:
        """A video segment, for the edge to send; its ETag is its SHA-256."""
        caller(request, self._tokens)
        return _content(request, self._segments.find(number(video), number(segment)), "segment")

    async def resource(self, request: Request, resource: str) -> Response:
        """A teaching resource's bytes; its ETag is their SHA-256."""
        caller(request, self._tokens)
        return _content(request, await self._shelf.fetch(number(resource)), "resource")

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
        return _json({"id": await self._storage.submit(submission), "sha256": text_sha256}, 201)

    async def gradebook(self, request: Request) -> Response:
        """A student's own marks, or those of a teacher's class."""
        person = caller(request, self._tokens, Persona.STUDENT, Persona.TEACHER)
        if person.persona is Persona.STUDENT:
            marks = await self._storage.marks_of_student(person.account)
        else:
            marks = await self._storage.marks_of_form(person.form)
        return _json({"marks": marks})

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
        return _json(mark, 201)

    async def management(self, request: Request, desk: str, name: str | None = None) -> Response:
        """An administrator's desk; 403 for every school or county but one's own."""
        if desk == "school":
            person = caller(request, self._tokens, Persona.SCHOOL_ADMINISTRATOR)
            _require_own(person.school, name)
            return await self._school(person.school)
        if desk == "county":
            person = caller(request, self._tokens, Persona.COUNTY_ADMINISTRATOR)
            _require_own(person.county, name)
            return await self._county(person)
        raise HTTPException(404)

    def _segment_at_hand(self, _query: bytes, video: str, segment: str) -> Ready | None:
        numbers = whole(video), whole(segment)
        if numbers[0] is None or numbers[1] is None:
            return None
        found = self._segments.find(numbers[0], numbers[1])
        return found.response if found else None

    def _page_at_hand(self, query: bytes) -> Ready | None:
        return self._pages.get(_page(query) or 0)

    def _course_at_hand(self, _query: bytes, course: str) -> Ready | None:
        return self._courses.get(whole(course) or 0)

    def _resource_at_hand(self, _query: bytes, resource: str) -> Ready | None:
        found = self._shelf.find(whole(resource) or 0)
        return found.response if found else None

    async def _new_page(self, page: int) -> Response:
        """A page of the catalogue, kept unless it lies beyond the end: those are without end."""
        resources = await self._storage.resources(page)
        response = _kept({"page": page, "resources": resources})
        if resources:
            self._pages[page] = response
        return response

    async def _course(self, course: int) -> Response:
        """The page of that course. 404 when there is none."""
        if course not in self._courses:
            found = await self._storage.course(course)
            if found is None:
                raise HTTPException(404, "no such course")
            self._courses[course] = _kept(found)
        return self._courses[course]

    async def _school(self, school: str) -> Response:
        found = await self._storage.school(school)
        if found is None:
            raise HTTPException(404, "no such school")
        return _json(found)

    async def _county(self, person: Person) -> Response:
        schools = await self._storage.schools_of_county(person.county)
        return _json({"county": person.county, **_sums(schools)})


def _json(
    content: object, status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Writes values, dataclasses too, as JSON: four times as fast as `JSONResponse`."""
    return Response(to_json(content), status_code, headers, "application/json")


def _content(request: Request, found: Hashed | None, what: str) -> Response:
    """That content, unless the caller has it. 404 when there is none."""
    if found is None:
        raise HTTPException(404, f"no such {what}")
    is_there = request.headers.get("if-none-match") == found.etag
    return found.unchanged if is_there else found.response


def _kept(content: object) -> Ready:
    return Ready(to_json(content), "application/json")


@lru_cache(maxsize=1000)
def _page(query: bytes) -> int | None:
    """The page that a query asks for, the first where it does not say; None when it is none."""
    asked = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("page", ["1"])
    return whole(asked[-1])


def _course_of(form: str) -> int:
    """The course that a class is at: the first thing that a person sees."""
    return crc32(form.encode()) % VIDEOS + 1


def _require_own(own: str, asked: str | None) -> None:
    if asked not in {None, own}:
        raise HTTPException(403, "not yours to see")


def _sums(schools: Iterable[SchoolSummary]) -> dict[str, object]:
    every = list(schools)
    return {
        "schools": len(every),
        "students": sum(one.students for one in every),
        "teachers": sum(one.teachers for one in every),
        "submissions": sum(one.submissions for one in every),
    }
