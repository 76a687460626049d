"""The base of every value read from `stacks/province.yaml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
"""A stable name that Kubernetes, DNS and file names all accept (RFC 1123 label)."""


class Value(BaseModel):
    """A frozen value; unknown keys are errors, so a typo never passes silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Sourced(Value):
    """A figure and where it comes from: a publication, or an assumption of ours."""

    value: PositiveFloat
    source: str | None = Field(default=None, min_length=3)
    assumption: str | None = Field(default=None, min_length=3)

    @model_validator(mode="after")
    def _exactly_one_origin(self) -> Sourced:
        if (self.source is None) == (self.assumption is None):
            raise ValueError("give exactly one of 'source' and 'assumption'")
        return self
