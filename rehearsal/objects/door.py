"""A zone's gateway as others meet it: which zone answers, and what it says of its own state."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, SSLError
from botocore.httpsession import URLLib3Session

from rehearsal.objects.access import Keys, ObjectAccess
from rehearsal.objects.errors import ObjectStoreError
from rehearsal.objects.reasons import REASONS, UNTRUSTED, mending_what

_SECONDS = 10.0
_GOOD = 200
_MISSING = 404
_REGION = "province"
"""Part of what is signed; Ceph takes any."""
_UNSIGNED_BODY = Config(s3={"payload_signing_enabled": False})
"""TLS keeps it whole; Ceph checks a body's own signature for few things but objects."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a gateway answered; `zone` is the one that it says it is."""

    status: int
    zone: str
    body: bytes


class Door:
    """Asks one zone's gateway, as somebody."""

    def __init__(self, zone: str, access: ObjectAccess, keys: Keys | None = None) -> None:
        """`keys` are used in place of those of `access`."""
        self.zone = zone
        self._access = access
        self._keys = keys or access.keys
        self._session = URLLib3Session(verify=str(access.ca_file), timeout=_SECONDS)

    async def require_known(self) -> None:
        """Raises ObjectStoreError unless this zone answers there, and takes the key."""
        await self.ask("/")

    async def read(self, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
        """What it answers to that, read. Raises ObjectStoreError."""
        return json.loads((await self.ask(path, **query)).body)

    async def find(self, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
        """The same; None where there is no such thing."""
        answer = await self._answer("GET", path, query)
        if answer.status == _MISSING:
            return None
        self._require(answer)
        return json.loads(answer.body)

    async def tell(self, path: str, body: bytes, **query: str) -> None:
        """POSTs something to it. Raises ObjectStoreError."""
        self._require(await self._answer("POST", path, query, body))

    async def ask(self, path: str, **query: str) -> Answer:
        """GETs that. Raises ObjectStoreError with the reason when it is not had."""
        answer = await self._answer("GET", path, query)
        self._require(answer)
        return answer

    async def _answer(
        self, method: str, path: str, query: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """Whatever it answers, but that it is that zone's answer."""
        try:
            answer = await asyncio.to_thread(self._send, method, path, query, body)
        except SSLError as error:
            raise ObjectStoreError(
                f"the server at {self._access.endpoint} is not to be trusted: {error}", UNTRUSTED
            ) from error
        except BotoCoreError as error:
            raise ObjectStoreError(
                f"the zone {self.zone} does not answer at {self._access.endpoint}: {error}",
                "boot its site, or heal the link to it",
            ) from error
        self._require_zone(answer)
        return answer

    def _send(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        url = f"{self._access.endpoint}{path}" + (f"?{urlencode(query)}" if query else "")
        request = AWSRequest(method=method, url=url, data=body)
        request.context["client_config"] = _UNSIGNED_BODY
        credentials = Credentials(self._keys.access_key, self._keys.secret_key)
        S3SigV4Auth(credentials, "s3", _REGION).add_auth(request)
        response = self._session.send(request.prepare())
        return Answer(
            status=response.status_code,
            zone=_zone(response.headers.get("x-amz-request-id", "")),
            body=response.content,
        )

    def _require_zone(self, answer: Answer) -> None:
        if answer.zone != self.zone:
            raise ObjectStoreError(
                f"{self._access.endpoint} is answered by "
                f"{f'the zone {answer.zone}' if answer.zone else 'no zone'}, not by {self.zone}",
                "name the endpoint of the zone that is meant",
            )

    def _require(self, answer: Answer) -> None:
        if answer.status != _GOOD:
            code = _code(answer)
            raise ObjectStoreError(
                f"the zone {self.zone} refuses {self._keys.access_key}: {_reason(answer, code)}",
                mending_what(code, f"look at {self._keys.secret_key_file}"),
            )


def _zone(request_id: str) -> str:
    """`tx<number>-<time>-<gateway>-<zone>`: every answer says which zone it is of."""
    parts = request_id.split("-", 3)
    return parts[3] if len(parts) == 4 else ""  # noqa: PLR2004 - as written above


def _code(answer: Answer) -> str:
    text = answer.body.decode("utf-8", errors="replace")
    return next((code for code in REASONS if code in text), "")


def _reason(answer: Answer, code: str) -> str:
    text = answer.body.decode("utf-8", errors="replace")
    return REASONS.get(code, f"status {answer.status}: {text[:200]}")
