"""Who the virtual users are and what they do: each journey, and pauses for thought."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.exception import StopUser
from pydantic_core import from_json

from loadtests.beat import Beat
from loadtests.courses import Hour
from loadtests.dense.address import Endpoint
from loadtests.dense.response import DenseResponse
from loadtests.dense.user import DenseUser
from loadtests.habits import HABITS, SEGMENT_SECONDS, SEGMENTS_WATCHED_MAX
from loadtests.reach import Reach
from loadtests.seating import Seat
from province.audience import Persona, password
from province.objectives import Journey

T = TypeVar("T")
_UNAUTHORIZED = 401
_CATALOGUE_PAGES = 20
"""How far people turn pages."""
_BACKOFF_SECONDS_MAX = 60.0
_PAUSE_SECONDS_MAX = 270.0
"""Whoever has paused so long makes a journey: the edge closes what is idle for 600 s, a rest and a
pause after it, and a user without a connection is no concurrent one."""
_HOMEWORK = "我的作业: 春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。" * 4


@dataclass(kw_only=True, slots=True)
class Company:
    """What all virtual users of a worker share."""

    servers: Mapping[str, Endpoint]
    """Of each site, over IPv4."""
    seats: Iterator[Seat]
    secret: bytes
    think_scale: float
    beat: Beat
    begun: Event
    """Set shortly before the hold. Until then whoever has logged in rests, and leaves the target to
    those who come."""
    hold_at: float = 0.0
    """When the hold begins, once that is known: by `time.monotonic`."""
    hour: Hour = Hour.DAY
    leaving: bool = False
    """Whether nobody begins anything new."""
    spread_seconds: float = 1.0
    """Users come in bursts, one a second; each waits up to so long, so that arrivals are even."""
    servers_ipv6: Mapping[str, Endpoint] = field(default_factory=dict)
    """Of each site that has seats over IPv6."""
    users_ipv6: int = 0
    """Those who have logged in over IPv6."""
    partners: Mapping[str, str] = field(default_factory=dict)
    """Sites whose users try another site's edge after a request without a response."""
    reach: Reach = field(default_factory=Reach)
    """Counties and schools that somebody has logged in from."""

    def begin(self, seconds: float) -> None:
        """Wakes whoever rests: in so many seconds the hold begins."""
        self.hold_at = time.monotonic() + seconds
        self.begun.set()


class Person(DenseUser):
    """One person with an account of their own, at the edge of the site that is their home.

    Subclass it and set `company`; it is abstract, so that Locust leaves it alone.
    """

    abstract = True
    company: ClassVar[Company]
    _away = False
    """Whether it is the partner's edge that the name was last found to lead to."""

    def __init__(self, environment: Environment) -> None:
        self.seat = next(self.company.seats, None)
        habits = HABITS[self.company.hour]
        self._habit = habits[self.seat.persona if self.seat else Persona.STUDENT]
        self._logged_in = self._known = False
        self._resting = not self.company.begun.is_set()
        self._failures = 0
        self._course = self._resource = 0
        self._video = self._segments = self._segment = self._segments_to_watch = 0
        super().__init__(environment)

    def server(self) -> Endpoint:
        """The edge of this person's home, or of its partner."""
        seat, company = self.seat, self.company
        if seat is None:
            return next(iter(company.servers.values()))
        site = company.partners[seat.site] if self._away else seat.site
        over_ipv6 = company.servers_ipv6.get(site) if seat.ipv6 else None
        return over_ipv6 or company.servers[site]

    def on_start(self) -> None:
        """Arrives. The first thing then done is to log in, as often as it takes."""
        spread = random.uniform(0, self.company.spread_seconds)  # noqa: S311 - not a secret
        gevent.sleep(self.company.beat.pause(spread))

    def wait_time(self) -> float:
        """Seconds until the next journey."""
        return self.company.beat.pause(min(_PAUSE_SECONDS_MAX, self._wanted_pause()))

    def _wanted_pause(self) -> float:
        """Thought, or a longer and longer pause after failures."""
        if self._failures:
            longest = min(_BACKOFF_SECONDS_MAX, 2.0**self._failures)
            return random.uniform(longest / 2, longest) * self.company.think_scale  # noqa: S311 - no secret
        mean = SEGMENT_SECONDS if self._segments_to_watch else self._habit.think_seconds
        mean *= self.company.think_scale
        if not self._resting:
            return random.uniform(0.5, 1.5) * mean  # noqa: S311 - no secret
        return self._rest_of_a_pause(mean) if self.company.begun.is_set() else 0.0

    def _rest_of_a_pause(self, mean: float) -> float:
        """After a rest: what is left, when the hold begins, of a pause that began before it.

        So the hold has its rate from its first second on, not a wave of those who have rested.
        """
        self._resting = False
        left = random.random() * math.sqrt(random.uniform(0.25, 2.25))  # noqa: S311 - no secret
        return max(0.0, self.company.hold_at - time.monotonic()) + left * mean

    def live(self) -> None:
        """One journey."""
        if self._over:
            raise StopUser
        if not self._logged_in:
            self._log_in()
        elif self._resting and self.company.begun.wait(_PAUSE_SECONDS_MAX):
            return
        elif self._segments_to_watch:
            self._watch_on()
        else:
            _STEPS[self._habit.next_journey()](self)

    tasks: ClassVar[list[Callable[[Person], None]]] = [live]

    @property
    def _over(self) -> bool:
        """Whether there is nothing to do: no seat was left, or the run is ending."""
        return self.seat is None or self.company.leaving

    def _log_in(self) -> None:
        assert self.seat is not None  # noqa: S101 - live has seen to it
        name = self.seat.account
        body = {"account": name, "password": password(self.company.secret, name)}
        self.client.authorize(None)
        with self.client.post(
            "/login", json=body, name=Journey.LOGIN, catch_response=True
        ) as response:
            token = _field(response, "token", str)
            self._logged_in = token is not None
            if self._logged_in and not self._course:
                self._course = _integer(_parsed(response), "course")
            if self._logged_in and not self._known:
                self._known = True
                self.company.users_ipv6 += self.seat.ipv6
                if not self._away:
                    self._note_place(_parsed(response))
            self.client.authorize(token)
        self._note(response)

    def _note_place(self, answer: object) -> None:
        """Where the platform says that this person belongs: the county, and the school if any."""
        assert self.seat is not None  # noqa: S101 - live has seen to it
        if isinstance(answer, dict) and answer.get("county"):
            school = str(answer.get("school", ""))
            self.company.reach.note(self.seat.site, str(answer["county"]), school)

    def _browse_catalogue(self) -> None:
        page = random.randint(1, _CATALOGUE_PAGES)  # noqa: S311 - not a secret
        with self.client.get(
            f"/catalogue?page={page}", name=Journey.CATALOGUE, catch_response=True
        ) as response:
            resources = _field(response, "resources", list)
            if resources:
                chosen = random.choice(resources)  # noqa: S311 - not a secret
                self._course, self._resource = _integer(chosen, "course"), _integer(chosen, "id")
        self._note(response)

    def _open_resource(self) -> None:
        if not self._resource:
            self._browse_catalogue()
        if not self._resource:
            return
        with self.client.get(
            f"/resources/{self._resource}",
            name=Journey.RESOURCE,
            discard=True,
            catch_response=True,
        ) as response:
            if response.ok and not response.length:
                response.failure("a resource without bytes")
        self._note(response)

    def _open_course(self) -> None:
        if not self._course:
            self._browse_catalogue()
        if not self._course:
            return
        with self.client.get(
            f"/courses/{self._course}", name=Journey.COURSE, catch_response=True
        ) as response:
            if response.ok:
                course = _parsed(response)
                self._video = _integer(course, "video")
                self._segments = _integer(course, "segments")
        self._note(response)

    def _watch_video(self) -> None:
        if not (self._video and self._segments):
            self._open_course()
        if not (self._video and self._segments):
            return
        self._segment = random.randrange(self._segments)  # noqa: S311 - not a secret
        self._segments_to_watch = random.randint(1, SEGMENTS_WATCHED_MAX)  # noqa: S311 - no secret
        self._watch_on()

    def _watch_on(self) -> None:
        """The next segment; after a failure or at the end the person turns to something else."""
        response = self.client.get(
            f"/videos/{self._video}/{self._segment}", name=Journey.VIDEO, discard=True
        )
        self._segment += 1
        goes_on = response.ok and self._segment < self._segments
        self._segments_to_watch = self._segments_to_watch - 1 if goes_on else 0
        self._note(response)

    def _hand_in(self) -> None:
        if not self._course:
            self._browse_catalogue()
        if not self._course:
            return
        body = {"course": self._course, "text": _HOMEWORK}
        self._note(self.client.post("/submissions", json=body, name=Journey.SUBMISSION))

    def _read_gradebook(self) -> None:
        self._note(self.client.get("/gradebook", name=Journey.GRADEBOOK))

    def _manage(self) -> None:
        of_school = self.seat is not None and self.seat.persona is Persona.SCHOOL_ADMINISTRATOR
        path = "/management/school" if of_school else "/management/county"
        self._note(self.client.get(path, name=Journey.MANAGEMENT))

    def _note(self, response: DenseResponse) -> None:
        """Remembers failures, for the pause after them, and a session that has ended."""
        self._failures = 0 if response.ok else min(self._failures + 1, 6)
        if response.status_code == _UNAUTHORIZED:
            self._logged_in = False
        if not response.whole and self.company.partners:
            self._look_up_again()

    def _look_up_again(self) -> None:
        """The name of a site with a partner stands for two edges: the one that failed is left."""
        if self.seat is not None and self.seat.site in self.company.partners:
            self._away = not self._away
            self.move(self.server())


_STEPS: Mapping[Journey, Callable[[Person], None]] = {
    Journey.LOGIN: Person._log_in,  # noqa: SLF001 - the class's own table
    Journey.CATALOGUE: Person._browse_catalogue,  # noqa: SLF001 - its own module
    Journey.RESOURCE: Person._open_resource,  # noqa: SLF001 - its own module
    Journey.COURSE: Person._open_course,  # noqa: SLF001 - its own module
    Journey.VIDEO: Person._watch_video,  # noqa: SLF001 - its own module
    Journey.SUBMISSION: Person._hand_in,  # noqa: SLF001 - its own module
    Journey.GRADEBOOK: Person._read_gradebook,  # noqa: SLF001 - its own module
    Journey.MANAGEMENT: Person._manage,  # noqa: SLF001 - its own module
}


def _field(response: DenseResponse, name: str, kind: type[T]) -> T | None:
    """That member of the JSON object; without it the request has failed."""
    if not response.ok:
        return None
    found = _parsed(response)
    value = found.get(name) if isinstance(found, dict) else None
    if isinstance(value, kind):
        return value
    response.failure(f"answer without {name}")
    return None


def _parsed(response: DenseResponse) -> object:
    """The body as JSON, or None; the request has failed then."""
    try:
        return from_json(response.content)
    except ValueError:
        response.failure("answer is not JSON")
        return None


def _integer(thing: object, name: str) -> int:
    """That member of a JSON object as a number; 0 when it is none."""
    value = thing.get(name) if isinstance(thing, dict) else None
    return value if isinstance(value, int) else 0
