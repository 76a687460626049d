"""Rules about images: what runs is what was tested."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.field import Field, Problem, forbid, require
from policies.manifest import Manifest
from policies.norms import gbt, nsa
from policies.pods import containers, pods
from policies.rule import ManifestRule

_PINNED = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")


def _pinned(manifest: Manifest) -> Iterator[Problem]:
    for pod in pods(manifest):
        for container in containers(pod):
            image = container["image"]
            yield from require(image, _is_pinned, _hint(image))
        for volume in pod.at("spec", "volumes").each():
            image = volume.at("image", "reference")
            yield from forbid(image, lambda value: not _is_pinned(value), _hint(image))


def _is_pinned(value: object) -> bool:
    return isinstance(value, str) and _PINNED.fullmatch(value) is not None


def _hint(image: Field) -> str:
    name = re.sub(r"(:[^/:@]*)?(@.*)?$", "", image.text) or "registry.example/name"
    return f"set {image.path} to {name}@sha256:<the 64 hex digits of the tested image>"


RULES = (
    ManifestRule(
        id="images-pinned-by-digest",
        sentence="Each image is named by its digest, so that what runs is what was tested",
        claim="security",
        rationale="A tag can be moved to another image after the tests, by mistake or by an "
        "intruder; a digest cannot. It also makes two sites run the same bytes.",
        references=(
            gbt("8.2.4.4 CES2-08 (integrity of images)"),
            nsa("Building secure container images"),
        ),
        judge=_pinned,
        keeps="""\
apiVersion: v1
kind: Pod
metadata: {name: catalogue, namespace: city}
spec:
  containers:
    - image: catalogue@sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
""",
        breaks="""\
apiVersion: v1
kind: Pod
metadata: {name: catalogue, namespace: city}
spec:
  containers:
    - image: registry.example/catalogue:1.4
""",
    ),
)
