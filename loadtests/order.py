"""What is asked of a load run, and the error that says why it cannot be done."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Annotated

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from loadtests.courses import Course, Hour, ShapeName, course
from province.value import Value

ORDER_FILE = "SUYUN_LOAD_ORDER"
"""Environment variable: the file with the order and the plan, for master and workers."""
WORKER = "SUYUN_LOAD_WORKER"
"""Environment variable: the worker's number, from 0."""
RUN_FOLDER = "SUYUN_LOAD_RUN"
"""Environment variable: the run folder, for the master alone."""
_CALM_SECONDS_MAX = 10.0
_CALM_USERS_PER_SECOND = 20_000


class LoadError(Exception):
    """A load run that cannot begin or that broke down."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


class Target(Value):
    """The edge of a site: the name it answers to, and where it is reached."""

    site: str
    hostname: str
    address: str
    port: Annotated[int, Field(ge=1, le=65535)]

    @property
    def ipv6(self) -> bool:
        """Whether it is reached over IPv6."""
        return ip_address(self.address).version == 6  # noqa: PLR2004 - the protocol's number


class Loss(Value):
    """A site whose edge goes away in the middle of the hold, and whose edge its users use then.

    Whoever runs the load takes the edge away and notes when (`evidence.load.SiteLossRecord`).
    """

    site: str
    partner: str


class LoadOrder(Value):
    """`users` arrive over `ramp_seconds` and are held for `hold_seconds`.

    They arrive more slowly where the target takes them more slowly. Shapes other than `hold` and
    `site-loss` have times of their own; `time_scale` multiplies all times. Users of `loss.site`
    look their address up again after a request without a response, and get the other of two.
    Each target serves the users of its site. `ca_file` is the authority of the edges' certificates;
    without it the load is plain HTTP. `secret_file` holds the secret of the accounts' passwords.
    `think_scale` multiplies every think time; with `rate`, requests a second of all users in the
    hold, it follows from that. `hour` chooses the mix of journeys. The hold begins once all are
    connected, at the latest `settle_seconds` after the ramp; without it there is a second for each
    400 users, at least two minutes. It ends before its time once `end_file` is there. Worker n
    connects from `first_source` + n; without it, from whatever its machine has.
    """

    users: PositiveInt
    ramp_seconds: PositiveFloat
    hold_seconds: PositiveFloat
    workers: PositiveInt | None = None
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]
    ca_file: Path | None
    secret_file: Path
    province_file: Path
    seed: NonNegativeInt = 0
    first_source: IPv4Address | None = IPv4Address("127.0.1.1")
    think_scale: PositiveFloat = 1.0
    rate: PositiveFloat | None = None
    hour: Hour = Hour.DAY
    shape: ShapeName = ShapeName.HOLD
    time_scale: PositiveFloat = 1.0
    settle_seconds: PositiveFloat | None = None
    loss: Loss | None = None
    end_file: Path | None = None

    @model_validator(mode="after")
    def _site_loss_names_its_site(self) -> LoadOrder:
        if (self.shape is ShapeName.SITE_LOSS) != (self.loss is not None):
            raise ValueError("a site is lost in the shape site-loss, and in no other")
        return self

    @property
    def partners(self) -> Mapping[str, str]:
        """Sites whose users have a second edge, and which site's that is."""
        return {} if self.loss is None else {self.loss.site: self.loss.partner}

    @property
    def loss_seconds_left(self) -> float:
        """What is left of the hold when the site is lost."""
        return (self.course.seconds - self.course.hold_at) / 2

    def source(self, worker: int) -> str | None:
        """The address that this worker connects from; None leaves it to its machine."""
        return None if self.first_source is None else str(self.first_source + worker)

    @property
    def course(self) -> Course:
        """The share of the users that is wanted at any time."""
        return course(
            self.shape,
            ramp_seconds=self.ramp_seconds,
            hold_seconds=self.hold_seconds,
            factor=self.time_scale,
        )

    @property
    def calm_seconds(self) -> float:
        """Seconds between the last arrival and the hold, for what would disturb it.

        Users look up and workers clear up, which stopped all workers for 4 s at 200,000 users.
        """
        return min(_CALM_SECONDS_MAX, 0.5 + self.users / _CALM_USERS_PER_SECOND)

    @property
    def longest_settling(self) -> float:
        """Seconds after the ramp at which the hold begins with those who are there."""
        return self.settle_seconds or max(120.0, self.users / 400)


class Assignment(Value):
    """The order together with what was planned for it: workers, and the scale of think times."""

    order: LoadOrder
    workers: PositiveInt
    think_scale: PositiveFloat = 1.0


def read_assignment(environment: Mapping[str, str] = os.environ) -> Assignment:
    """The assignment of this master or worker. Raises LoadError."""
    name = environment.get(ORDER_FILE)
    if name is None:
        raise LoadError(
            f"{ORDER_FILE} is not set",
            "this locustfile is run by ./suyun load run, which sets it",
        )
    try:
        return Assignment.model_validate_json(Path(name).read_text("utf-8"))
    except (OSError, ValidationError) as error:
        raise LoadError(f"{name} holds no load order: {error}", "start the load again") from error
