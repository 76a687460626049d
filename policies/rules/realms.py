"""Rules about the realm: how people prove who they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from infra.plan.labels import REALM_LABEL
from policies.field import Field, Problem, equals, forbid, is_false, is_true, require
from policies.manifest import Manifest
from policies.norms import gbt
from policies.rule import ManifestRule

_FAILURES_MAX = 10
_SECRETS = {"secret", "credentials", "privateKey", "clientSecret", "bindCredential", "password"}
_SECOND_FACTORS = ("CONFIGURE_TOTP", "webauthn-register")


def _proves_who(manifest: Manifest) -> Iterator[Problem]:
    label = manifest.root.at("metadata", "labels", REALM_LABEL)
    if not manifest.is_a("ConfigMap", group="") or label.is_missing:
        return
    data = manifest.root["data"]
    yield from require(data, _has_files, f"put the realm's file into {data.path}")
    for name in data.value if isinstance(data.value, Mapping) else ():
        realm = _parsed(data[str(name)])
        if realm is None:
            yield Problem(f"{data.path}[{name}] is no realm in JSON", "mend the file")
        else:
            yield from _realm(realm)


def _realm(realm: Field) -> Iterator[Problem]:
    yield from require(realm["sslRequired"], equals("all"), "set sslRequired to all")
    lock = "set bruteForceProtected to true"
    yield from require(realm["bruteForceProtected"], is_true, lock)
    few = f"set failureFactor to at most {_FAILURES_MAX}"
    yield from require(realm["failureFactor"], _is_few, few)
    yield from require(realm["passwordPolicy"], _is_long, "demand at least length(8)")
    yield from forbid(
        realm["registrationAllowed"], lambda v: not is_false(v), "set registrationAllowed to false"
    )
    if not any(map(_is_second_factor, realm["requiredActions"].each())):
        yield Problem(
            "no default action of requiredActions sets up a second factor",
            "make CONFIGURE_TOTP a default action",
        )
    for path in _secrets(realm.value, ""):
        yield Problem(f"{path} holds a secret", "keep it in a Secret, and out of the realm's file")


def _parsed(file: Field) -> Field | None:
    try:
        value = json.loads(file.text)
    except ValueError:
        return None
    return Field("realm", value) if isinstance(value, Mapping) else None


def _has_files(data: object) -> bool:
    return isinstance(data, Mapping) and len(data) > 0


def _is_few(failures: object) -> bool:
    return isinstance(failures, int) and failures is not True and 0 < failures <= _FAILURES_MAX


def _is_long(policy: object) -> bool:
    return isinstance(policy, str) and any(f"length({n})" in policy for n in range(8, 65))


def _is_second_factor(action: Field) -> bool:
    return (
        action["alias"].value in _SECOND_FACTORS
        and action["enabled"].value is True
        and action["defaultAction"].value is True
    )


def _secrets(value: object, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            here = f"{path}.{key}".lstrip(".")
            if key in _SECRETS and inner:
                yield here
            else:
                yield from _secrets(inner, here)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _secrets(inner, f"{path}[{index}]")


RULES = (
    ManifestRule(
        id="realms-prove-who-comes",
        sentence="The realm locks out guessers and wants a second factor; its file holds no secret",
        claim="identity",
        rationale="One realm opens every site's doors: a guessed password or a client's secret in "
        "a ConfigMap would open them all. The realm's ConfigMap bears the label suyun.io/realm.",
        references=(
            gbt("8.1.4.1 CES1-01 to CES1-04 (passwords, lockout, transport, two factors)"),
            gbt("8.1.4.2 CES1-06 (no default accounts)"),
        ),
        judge=_proves_who,
        keeps="""\
apiVersion: v1
kind: ConfigMap
metadata: {name: realm, namespace: identity, labels: {suyun.io/realm: realm}}
data:
  realm.json: |
    {"sslRequired": "all", "passwordPolicy": "length(12)", "registrationAllowed": false,
     "requiredActions": [{"alias": "CONFIGURE_TOTP", "enabled": true, "defaultAction": true}],
     "bruteForceProtected": true,
     "failureFactor": 5}
""",
        breaks="""\
apiVersion: v1
kind: ConfigMap
metadata: {name: realm, namespace: identity, labels: {suyun.io/realm: realm}}
data:
  realm.json: |
    {"sslRequired": "all", "passwordPolicy": "length(12)", "registrationAllowed": false,
     "requiredActions": [{"alias": "CONFIGURE_TOTP", "enabled": true, "defaultAction": true}],
     "bruteForceProtected": false,
     "failureFactor": 5}
""",
    ),
)
