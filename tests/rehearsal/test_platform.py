"""The journeys answer those whom they are for, and refuse everybody else."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import jwt
import pytest

from province.audience import Persona, account, password
from rehearsal.platform.app import Application
from rehearsal.platform.files import FILE_BYTES
from rehearsal.platform.ready import Hashed, hashed
from rehearsal.platform.roster import people
from rehearsal.platform.seeding import seed
from rehearsal.platform.shelf import BODIES, FileShelf
from rehearsal.platform.sqlite import SqliteStorage
from rehearsal.platform.storage import Person, StorageError
from rehearsal.platform.tokens import TokenError, Tokens
from rehearsal.platform.video import SEGMENTS, StoredSegments
from tests import worlds
from tests.rehearsal.asgi import Reply, call, get
from tests.rehearsal.storage_word import keeps_its_word

SECRET = b"s" * 32
KEY = b"k" * 32
USERS = 300


@dataclass(frozen=True)
class World:
    app: Application
    file: Path
    people: tuple[Person, ...]

    def one(self, persona: Persona, number: int = 0) -> Person:
        return [who for who in self.people if who.persona is persona][number]

    def get(self, target: str, who: Person | None = None, **how: object) -> Reply:
        token = Tokens(KEY).issue(who).token if who else None
        return get(self.app, target, token=token, **how)


@pytest.fixture(name="world")
def _world(tmp_path: Path) -> Iterator[World]:
    file = tmp_path / "platform.sqlite"
    everybody = tuple(people(worlds.small(), USERS))
    assert seed(file, everybody, ("main", "suzhou", "xuzhou"), SECRET) == USERS
    SEGMENTS.make(tmp_path)
    BODIES.make(tmp_path)
    storage = SqliteStorage(file)
    segments, shelf = StoredSegments(tmp_path), FileShelf(tmp_path)
    yield World(Application(storage, segments, shelf, Tokens(KEY), 0), file, everybody)
    asyncio.run(storage.close())


def test_the_storage_keeps_its_word(world: World) -> None:
    async def act() -> None:
        storage = SqliteStorage(world.file)
        await keeps_its_word(storage, world.people)
        await storage.close()

    asyncio.run(act())


def test_an_account_and_its_password_give_a_token_that_opens_the_catalogue(world: World) -> None:
    name = account("suzhou", Persona.STUDENT, 3)
    reply = get(world.app, "/login", send={"account": name, "password": password(SECRET, name)})
    assert reply.status == 200
    assert reply.json["home"] == "suzhou"
    assert get(world.app, "/catalogue?page=1", token=reply.json["token"]).status == 200
    course = f"/courses/{reply.json['course']}"
    assert get(world.app, course, token=reply.json["token"]).status == 200


@pytest.mark.parametrize(
    "login",
    [
        {"account": account("suzhou", Persona.STUDENT, 3), "password": "wrong"},
        {"account": "nobody", "password": "wrong"},
    ],
)
def test_a_wrong_login_is_401_and_gives_no_token(world: World, login: dict[str, str]) -> None:
    reply = get(world.app, "/login", send=login)
    assert reply.status == 401
    assert "token" not in reply.json


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"account": "\\ud800", "password": "x"}'])
def test_a_login_that_is_none_is_400(world: World, body: bytes) -> None:
    assert get(world.app, "/login", send=body).status == 400


def test_a_body_beyond_the_limit_is_413(world: World) -> None:
    assert get(world.app, "/login", send=b" " * 2_000_000).status == 413


PATHS = (
    "/catalogue",
    "/courses/1",
    "/videos/1/0",
    "/resources/1",
    "/gradebook",
    "/management/school",
    "/management/county",
)


def _forged(who: Person) -> str:
    return Tokens(b"f" * 32).issue(who).token


def _expired(who: Person) -> str:
    return Tokens(KEY).issue(who, life_seconds=-1).token


def _unsigned(who: Person) -> str:
    claims = jwt.decode(Tokens(KEY).issue(who).token, options={"verify_signature": False})
    return jwt.encode(claims, None, "none")


def _without_end(who: Person) -> str:
    claims = jwt.decode(Tokens(KEY).issue(who).token, options={"verify_signature": False})
    return jwt.encode({k: v for k, v in claims.items() if k != "exp"}, KEY, "HS256")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("make", [None, _forged, _expired, _unsigned, _without_end])
def test_every_path_refuses_a_caller_without_a_good_token(
    world: World, path: str, make: object
) -> None:
    token = make(world.one(Persona.STUDENT)) if callable(make) else None
    reply = get(world.app, path, token=token)
    assert reply.status == 401
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("persona", "path"),
    [
        (Persona.STUDENT, "/management/school"),
        (Persona.STUDENT, "/management/county"),
        (Persona.TEACHER, "/management/school"),
        (Persona.SCHOOL_ADMINISTRATOR, "/management/county"),
        (Persona.COUNTY_ADMINISTRATOR, "/management/school"),
        (Persona.SCHOOL_ADMINISTRATOR, "/gradebook"),
        (Persona.COUNTY_ADMINISTRATOR, "/gradebook"),
    ],
)
def test_the_wrong_persona_is_403(world: World, persona: Persona, path: str) -> None:
    assert world.get(path, world.one(persona)).status == 403


def test_only_students_hand_in_and_only_teachers_grade(world: World) -> None:
    hand_in = {"course": 1, "text": "x"}
    grade = {"student": world.one(Persona.STUDENT).account, "course": 1, "mark": 90}
    assert world.get("/submissions", world.one(Persona.TEACHER), send=hand_in).status == 403
    assert world.get("/gradebook", world.one(Persona.STUDENT), send=grade).status == 403


def test_the_catalogue_has_pages_and_an_end(world: World) -> None:
    student = world.one(Persona.STUDENT)
    first = world.get("/catalogue?page=1", student).json["resources"]
    second = world.get("/catalogue?page=2", student).json["resources"]
    assert [one["id"] for one in first + second] == list(range(1, 41))
    assert world.get("/catalogue?page=99999", student).json["resources"] == []


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "9" * 5000])
def test_a_page_that_is_none_is_400(world: World, page: str) -> None:
    assert world.get(f"/catalogue?page={page}", world.one(Persona.STUDENT)).status == 400


def test_a_course_names_a_video_whose_every_segment_is_a_file_that_bears_its_hash(
    world: World,
) -> None:
    student = world.one(Persona.STUDENT)
    course = world.get("/courses/7", student).json
    seen = set()
    for segment in range(course["segments"]):
        reply = world.get(f"/videos/{course['video']}/{segment}", student)
        name = reply.headers["x-accel-redirect"].removeprefix(SEGMENTS.uri)
        content = (world.file.parent / "segments" / name).read_bytes()
        assert (len(content), reply.body) == (FILE_BYTES, b"")
        assert reply.headers["etag"] == f'"{sha256(content).hexdigest()}"'
        seen.add(content)
    assert len(seen) == course["segments"]


@pytest.mark.parametrize("target", ["/videos/1/0", "/resources/1"])
def test_what_the_caller_has_is_not_sent_again(world: World, target: str) -> None:
    student = world.one(Persona.STUDENT)
    etag = world.get(target, student).headers["etag"]
    again = world.get(target, student, headers={"if-none-match": etag})
    assert (again.status, again.body) == (304, b"")


def test_every_resource_of_the_catalogue_is_a_file_that_bears_its_hash(world: World) -> None:
    student = world.one(Persona.STUDENT)
    for page in (1, 150):
        for resource in world.get(f"/catalogue?page={page}", student).json["resources"]:
            reply = world.get(f"/resources/{resource['id']}", student)
            name = reply.headers["x-accel-redirect"].removeprefix(BODIES.uri)
            content = (world.file.parent / "resources" / name).read_bytes()
            assert (reply.status, len(content)) == (200, FILE_BYTES)
            assert reply.headers["etag"] == f'"{sha256(content).hexdigest()}"'


class FarShelf:
    """Number 1 has to be fetched, and no copy of number 2 answers."""

    def find(self, _number: int) -> Hashed | None:
        return None

    async def fetch(self, number: int) -> Hashed | None:
        if number == 2:
            raise StorageError("no copy answers")
        return hashed(b"far", "text/plain") if number == 1 else None


def test_a_resource_that_has_to_be_fetched_is_sent_whole_or_503_or_404(world: World) -> None:
    storage, shelf = SqliteStorage(world.file), FarShelf()
    app = Application(storage, StoredSegments(world.file.parent), shelf, Tokens(KEY), 0)
    token = Tokens(KEY).issue(world.one(Persona.STUDENT)).token
    replies = [get(app, f"/resources/{number}", token=token) for number in (1, 2, 3)]
    assert [reply.status for reply in replies] == [200, 503, 404]
    assert replies[0].body == b"far"
    assert replies[0].headers["etag"] == f'"{sha256(b"far").hexdigest()}"'
    assert app.at_once(b"/resources/1", [(b"authorization", f"bearer {token}".encode())]) is None
    asyncio.run(storage.close())


def test_a_method_that_a_path_does_not_have_is_405_and_names_those_it_has(world: World) -> None:
    student = world.one(Persona.STUDENT)
    reply = world.get("/catalogue", student, send={})
    assert (reply.status, reply.headers["allow"]) == (405, "GET")
    assert world.get("/login", student).headers["allow"] == "POST"


def test_a_token_that_is_known_ends_when_it_says(world: World) -> None:
    now = 1_000_000.0
    tokens = Tokens(KEY, clock=lambda: now)
    student = world.one(Persona.STUDENT)
    issued = tokens.issue(student, life_seconds=60)
    assert tokens.check(issued.token) is tokens.check(issued.token)
    assert tokens.check(issued.token) == student
    now += 60
    with pytest.raises(TokenError, match="expired"):
        tokens.check(issued.token)


def test_a_token_like_one_that_is_known_is_checked_for_itself(world: World) -> None:
    tokens = Tokens(KEY)
    good = tokens.issue(world.one(Persona.STUDENT)).token
    tokens.check(good)
    head, claims, signature = good.split(".")
    for forged in (f"{head}.{claims}.", f"{head}.{claims}.{signature[::-1]}", good[:-1]):
        with pytest.raises(TokenError):
            tokens.check(forged)


def test_tokens_are_forgotten_before_they_fill_the_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.platform.tokens._KNOWN_MAX", 2)
    tokens = Tokens(KEY)
    everybody = world.people[:5]
    issued = [tokens.issue(who).token for who in everybody]
    for _ in range(2):
        assert [tokens.check(token) for token in issued] == list(everybody)
        assert len(tokens._known) <= 2


@pytest.mark.parametrize(
    "path",
    [
        *("/courses/0", "/courses/x", "/courses/" + "9" * 30, "/courses/1/2", "/courses"),
        *("/videos/1/64", "/videos/0/0", "/videos/1", "/management/x", "/nowhere", "/"),
        *("/resources/0", "/resources/3001", "/resources/x", "/resources", "/resources/1/2"),
    ],
)
def test_what_does_not_exist_is_404(world: World, path: str) -> None:
    assert world.get(path, world.one(Persona.STUDENT)).status == 404


def test_what_is_handed_in_is_committed_before_it_is_acknowledged(world: World) -> None:
    student = world.one(Persona.STUDENT)
    reply = world.get("/submissions", student, send={"course": 3, "text": "答案"})
    assert reply.status == 201
    assert reply.json["sha256"] == sha256("答案".encode()).hexdigest()
    rows = sqlite3.connect(world.file).execute("SELECT id, student, text FROM submissions")
    assert rows.fetchall() == [(reply.json["id"], student.account, "答案")]


@pytest.mark.parametrize(("course", "status"), [(10**30, 400), (-1, 400), (10**9, 404)])
def test_what_is_handed_in_to_a_course_that_is_none_is_refused(
    world: World, course: int, status: int
) -> None:
    hand_in = {"course": course, "text": "x"}
    assert world.get("/submissions", world.one(Persona.STUDENT), send=hand_in).status == status


def test_a_hundred_at_once_share_commits_and_get_numbers_of_their_own(world: World) -> None:
    token = Tokens(KEY).issue(world.one(Persona.STUDENT)).token

    async def burst() -> list[Reply]:
        texts = [{"course": 1, "text": str(n)} for n in range(100)]
        return await asyncio.gather(
            *(call(world.app, "/submissions", token=token, send=text) for text in texts)
        )

    assert len({reply.json["id"] for reply in asyncio.run(burst())}) == 100


def test_a_submission_that_cannot_be_kept_is_503_and_not_acknowledged(world: World) -> None:
    with sqlite3.connect(world.file) as database:
        database.execute("DROP TABLE submissions")
    hand_in = {"course": 1, "text": "x"}
    assert world.get("/submissions", world.one(Persona.STUDENT), send=hand_in).status == 503


def test_a_mark_is_seen_by_its_student_and_the_class_teacher_alone(world: World) -> None:
    teacher = world.one(Persona.TEACHER)
    student = next(who for who in world.people if who.form == teacher.form and who != teacher)
    other = next(w for w in world.people if w.persona is Persona.STUDENT and w.form != teacher.form)
    grade = {"student": student.account, "course": 5, "mark": 97}
    assert world.get("/gradebook", teacher, send=grade).status == 201
    assert 97 in {m["mark"] for m in world.get("/gradebook", student).json["marks"]}
    assert (
        grade.items()
        <= max(world.get("/gradebook", teacher).json["marks"], key=lambda mark: mark["at"]).items()
    )
    assert {m["student"] for m in world.get("/gradebook", other).json["marks"]} == {other.account}
    foreign = {**grade, "student": other.account}
    assert world.get("/gradebook", teacher, send=foreign).status == 403


def test_administrators_see_their_own_school_or_county_alone(world: World) -> None:
    of_school = world.one(Persona.SCHOOL_ADMINISTRATOR)
    of_county = world.one(Persona.COUNTY_ADMINISTRATOR)
    seen = world.get(f"/management/school/{of_school.school}", of_school).json
    assert seen == world.get("/management/school", of_school).json
    assert (seen["school"], seen["teachers"] > 0) == (of_school.school, True)
    assert world.get("/management/school/elsewhere", of_school).status == 403
    county = world.get(f"/management/county/{of_county.county}", of_county).json
    assert county["county"] == of_county.county
    assert world.get("/management/county/elsewhere", of_county).status == 403


def test_equal_secrets_give_equal_databases(tmp_path: Path) -> None:
    dumps = []
    for name in ("a", "b"):
        seed(tmp_path / name, people(worlds.small(), 50), ("main",), SECRET)
        dumps.append(list(sqlite3.connect(tmp_path / name).iterdump()))
    assert dumps[0] == dumps[1]
    assert not any(password(SECRET, "suzhou-student-000000") in line for line in dumps[0])


def test_a_database_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "missing" / "platform.sqlite"
    with pytest.raises(StorageError, match="cannot be made"):
        seed(file, people(worlds.small(), 1), ("main",), SECRET)
    with pytest.raises(StorageError, match="is no platform database"):
        SqliteStorage(file)


def test_everybody_of_the_province_has_a_county_and_all_but_the_county_a_school() -> None:
    for who in people(worlds.province(), 20_000):
        counties = {county.id for county in worlds.province().site(who.site).counties}
        assert who.county in counties
        assert (who.school == "") == (who.persona is Persona.COUNTY_ADMINISTRATOR)
