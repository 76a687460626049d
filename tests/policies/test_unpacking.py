"""The pack's mends of the policy SDK: less work, and the same answers."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from google.protobuf.message import Message
from pulumi_policy import policy as sdk

from policies.__main__ import policies, unpack_once

_BROKEN = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "video"}}
_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "province"}}


class CountingFormat:
    """Unpacks as Protobuf does, and counts."""

    def __init__(self) -> None:
        self.unpacked = 0

    def MessageToDict(self, message: Message) -> dict[str, Any]:  # noqa: N802 - Protobuf's name
        self.unpacked += 1
        return json_format.MessageToDict(message)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> CountingFormat:
    """In the SDK's place for one test, which may mend the SDK as it likes."""
    counting = CountingFormat()
    monkeypatch.setattr(sdk, "json_format", counting)
    for name in ("deserialize_properties", "unknown_checking_proxy"):
        monkeypatch.setattr(sdk, name, getattr(sdk, name))
    servicer = sdk._PolicyAnalyzerServicer
    monkeypatch.setattr(servicer, "Remediate", servicer.Remediate)
    return counting


def asked(kind: type[Message], manifest: dict[str, Any]) -> Any:  # noqa: ANN401 - the SDK's messages
    properties = struct_pb2.Struct()
    properties.update(manifest)
    name = manifest["metadata"]["name"]
    type_ = f"kubernetes:{manifest['apiVersion']}:{manifest['kind']}"
    return kind(type=type_, name=name, urn=f"urn:{name}", properties=properties)  # type: ignore[call-arg]  # all kinds have these


def answers() -> list[bytes]:
    """What a servicer of its own says of a broken Deployment alone, and of a whole stack."""
    servicer = sdk._PolicyAnalyzerServicer("suyun", "1", policies(), sdk.EnforcementLevel.MANDATORY)
    alone = asked(sdk.proto.AnalyzeRequest, _BROKEN)
    stack = sdk.proto.AnalyzeStackRequest(
        resources=[asked(sdk.proto.AnalyzerResource, one) for one in (_BROKEN, _NAMESPACE)]
    )
    said = (
        servicer.Remediate(asked(sdk.proto.AnalyzeRequest, _BROKEN), None),
        servicer.Analyze(alone, None),
        servicer.AnalyzeStack(stack, None),
    )
    return [one.SerializeToString(deterministic=True) for one in said]


def test_each_resource_is_unpacked_once_and_judged_as_before(counting: CountingFormat) -> None:
    before = answers()
    rules, counting.unpacked = counting.unpacked, 0
    unpack_once()
    assert answers() == before
    assert counting.unpacked == 3 < rules  # the Deployment alone, then both in the stack
    assert b"video" in before[1]
    assert b"video" in before[2]
    assert before[0] == b""  # no rule has a remediation that the mend would leave out
