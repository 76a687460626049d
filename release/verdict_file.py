"""`verdict.json`: the judgement as a machine reads it, in the form of docs/verdict.schema.json.

`python -m release.verdict_file` prints the schema.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, NonNegativeFloat

from evidence.figure import ClaimVerdict
from evidence.verdict import ExitCode, Verdict
from province.value import Value
from release.claims.drills import DrillSeen
from release.judge import Judgement


class StageLine(Value):
    """A stage of the run. 0 seconds and UNKNOWN for one that never ended."""

    name: str
    seconds: NonNegativeFloat
    verdict: Verdict


class VerdictFile(Value):
    """The whole file. Claims stand in a fixed order, stages in the order in which they ended."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    run: str
    scope: str
    verdict: Verdict
    exit_code: ExitCode
    claims: tuple[ClaimVerdict, ...]
    stages: tuple[StageLine, ...]
    drills: tuple[DrillSeen, ...]


def verdict_json(judgement: Judgement) -> str:
    """The file's text: equal judgements give equal bytes."""
    file = VerdictFile(
        run=judgement.run,
        scope=judgement.scope,
        verdict=judgement.verdict,
        exit_code=judgement.exit_code,
        claims=judgement.claims,
        stages=tuple(
            StageLine(name=stage.name, seconds=stage.seconds, verdict=stage.verdict)
            for stage in judgement.stages
        ),
        drills=judgement.drills,
    )
    data = file.model_dump(mode="json", by_alias=True)
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def verdict_schema() -> str:
    """The file's JSON Schema (2020-12), as committed under docs/."""
    schema = VerdictFile.model_json_schema(by_alias=True, mode="serialization")
    return (
        json.dumps(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema},
            ensure_ascii=False,
            indent=2,
        )
        + "\n"
    )


if __name__ == "__main__":
    print(verdict_schema(), end="")
