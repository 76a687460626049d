"""The little of the Kubernetes API that a booting site needs: JSON over verified TLS."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes.errors import ProcessError
from rehearsal.pki import KeyPair

Answer = dict[str, Any]
"""A Kubernetes object or list, as JSON has it; it does not leave this room."""

_TIMEOUT_SECONDS = 30.0


class ApiError(ProcessError):
    """An answer that is not a success. `status` is the HTTP status."""

    def __init__(self, status: int, cause: str, hint: str) -> None:
        super().__init__(cause, hint)
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """The administrator's way to one site's API server."""

    site: str
    address: tuple[str, int]
    authority: Path
    pair: KeyPair

    def trust(self) -> ssl.SSLContext:
        """TLS that trusts that server alone, and says who we are."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(self.pair.certificate, self.pair.key)
        return context

    def open(self) -> Api:
        """A connection through it."""
        return Api(self.site, self.address, self.authority, self.pair)


class Api:
    """One keep-alive connection to one server, for one thread at a time.

    Whoever gave up waiting for that thread may close it all the same: the thread then closes the
    connection once its own call is through. Every method raises OSError or
    `http.client.HTTPException` when there is no answer.
    """

    def __init__(self, name: str, address: tuple[str, int], authority: Path, pair: KeyPair) -> None:
        context = ssl.create_default_context(cafile=str(authority))
        context.load_cert_chain(pair.certificate, pair.key)
        self._name = name
        self._busy = threading.Lock()
        self._closed = False
        self._connection = http.client.HTTPSConnection(
            *address, timeout=_TIMEOUT_SECONDS, context=context
        )

    def is_ok(self, path: str) -> bool:
        """Whether the path answers 200; False also when nobody answers, or not in time."""
        try:
            return self._send("GET", path, None, "")[0] == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path: str) -> Answer:
        """The object or list at that path. Raises ApiError."""
        return self._call("GET", path, None, "")

    def create(self, path: str, body: bytes) -> Answer:
        """POSTs an object into a collection; gives it as it was made. Raises ApiError."""
        return self._call("POST", path, body, "application/json")

    def patch(self, path: str, body: bytes) -> Answer:
        """Merges a patch into an object; a list replaces the whole list. Raises ApiError."""
        return self._call("PATCH", path, body, "application/merge-patch+json")

    def delete(self, path: str) -> None:
        """Asks for an object's end. Raises ApiError."""
        self._call("DELETE", path, None, "")

    def apply(self, path: str, body: bytes) -> None:
        """Server-side apply, by force, as `suyun-machine-room`. Raises ApiError."""
        query = "?fieldManager=suyun-machine-room&force=true"
        self._call("PATCH", path + query, body, "application/apply-patch+yaml")

    def close(self) -> None:
        """Ends the connection, now or when the call under way has ended."""
        self._closed = True
        self._close_if_idle()

    def _call(self, method: str, path: str, body: bytes | None, kind: str) -> Answer:
        status, text = self._send(method, path, body, kind)
        answer: Answer = json.loads(text)
        if status >= http.client.BAD_REQUEST:
            raise ApiError(
                status,
                f"{self._name}: {method} {path} was refused ({status}): {answer.get('message')}",
                "this is a fault of the machine room's own objects; please report it",
            )
        return answer

    def _send(self, method: str, path: str, body: bytes | None, kind: str) -> tuple[int, bytes]:
        headers = {"Content-Type": kind} if kind else {}
        try:
            with self._busy:
                return self._exchange(method, path, body, headers)
        finally:
            if self._closed:
                self._close_if_idle()

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        try:
            self._connection.request(method, path, body, headers)
            with self._connection.getresponse() as response:
                return response.status, response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def _close_if_idle(self) -> None:
        if self._busy.acquire(blocking=False):
            try:
                self._connection.close()
            finally:
                self._busy.release()
