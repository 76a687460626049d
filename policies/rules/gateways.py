"""Rules about the edge."""

from __future__ import annotations

from collections.abc import Iterator

from policies.field import Field, Problem, equals, forbid, require
from policies.manifest import Manifest
from policies.norms import gbt
from policies.rule import ManifestRule


def _tls_only(manifest: Manifest) -> Iterator[Problem]:
    if not manifest.is_a("Gateway", group="gateway.networking.k8s.io"):
        return
    listeners = manifest.root["spec"]["listeners"]
    hint = f"list in {listeners.path} one listener of protocol HTTPS"
    yield from require(listeners, lambda value: isinstance(value, list) and value != [], hint)
    for listener in listeners.each():
        yield from _listener_is_tls(listener)


def _listener_is_tls(listener: Field) -> Iterator[Problem]:
    protocol, tls = listener["protocol"], listener["tls"]
    yield from require(protocol, equals("HTTPS", "TLS"), f"set {protocol.path} to HTTPS")
    if tls["mode"].value != "Passthrough":
        yield from forbid(
            tls["mode"], lambda v: v != "Terminate", f"set {tls.path}.mode to Terminate"
        )
        certificates = tls["certificateRefs"]
        hint = f"name in {certificates.path} the Secret with the certificate"
        yield from require(
            certificates, lambda value: isinstance(value, list) and value != [], hint
        )


RULES = (
    ManifestRule(
        id="gateways-are-tls-only",
        sentence="The edge speaks nothing but TLS",
        claim="security",
        rationale="Tokens and pupils' data cross the provincial network; a plain listener, even "
        "one that only redirects, takes the first request with its cookie in the clear.",
        references=(gbt("8.1.2.2 CNS1-06, CNS1-07 (integrity and secrecy in transit)"),),
        judge=_tls_only,
        keeps="""\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: edge}
spec:
  listeners:
    - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: edge-tls}]}}
""",
        breaks="""\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: edge}
spec:
  listeners:
    - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: edge-tls}]}}
    - {name: http, port: 80, protocol: HTTP}
""",
    ),
)
