"""What the data world is asked, and what it says: a JSON line each over its Unix socket."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from evidence.drills import DrillFiguresRecord, LagRecord, ResourceRecord
from evidence.records import RestoreRecord
from evidence.verdict import Verdict
from province.holdings import Engine
from province.value import Value


class Action(StrEnum):
    """Each is a command of `./suyun data`."""

    KILL = "kill"
    BOOT = "boot"
    STOP_GATEWAYS = "gateway-stop"
    START_GATEWAYS = "gateway-start"
    CUT = "cut"
    HEAL = "heal"
    PROMOTE = "promote"
    REJOIN = "rejoin"
    FILL = "fill"
    FREE = "free"
    CORRUPT = "corrupt"
    READ = "read"
    REPAIR = "repair"
    DELETE = "delete"
    OVERWRITE = "overwrite"
    PURGE = "purge"
    SABOTAGE = "sabotage"
    UNDO_SABOTAGE = "sabotage-undo"
    RESTORE = "restore"
    WRITE = "write"
    PROBE = "probe"
    RESOURCES = "resources"
    CHECK = "check"


class Order(Value):
    """One thing to do, at those sites. The other fields are of those actions that need them."""

    action: Action
    sites: tuple[str, ...] = ()
    engine: Engine | None = None
    holding: str | None = None
    seconds: float = 60.0
    rate: float = 1.0
    waits: bool = False
    count: int = 100
    drill: str | None = None


class Told(Value):
    """How far it is."""

    kind: Literal["told"] = "told"
    text: str


class Done(Value):
    """How it ended: lines for a person, evidence, and what that shows."""

    kind: Literal["done"] = "done"
    lines: tuple[str, ...]
    verdict: Verdict = Verdict.PASS
    accounts: tuple[DrillFiguresRecord, ...] = ()
    lags: tuple[LagRecord, ...] = ()
    restores: tuple[RestoreRecord, ...] = ()
    resources: tuple[ResourceRecord, ...] = ()


class Broken(Value):
    """Why it was not done."""

    kind: Literal["broken"] = "broken"
    cause: str
    hint: str
    exit_code: int


Answer = Annotated[Told | Done | Broken, Field(discriminator="kind")]
ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
