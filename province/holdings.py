"""Holdings: the classes of data that the province keeps, as their owners would ask for them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import NonNegativeInt, PositiveInt

from province.value import Id, Value


class Engine(StrEnum):
    """What keeps a holding: the sites' object stores, or the base database at the main center."""

    OBJECTS = "objects"
    DATABASE = "database"


class Holding(Value):
    """One class of data. Days count from an overwrite or a delete.

    Objects: the newest `versions`, the present one among them, stay for `versions_days`. Rows have
    no versions but their backups.
    """

    id: Id
    name: str
    engine: Engine
    versions: PositiveInt = 1
    versions_days: NonNegativeInt = 0
    encrypted_in_transit: bool = True
    encrypted_at_rest: bool
