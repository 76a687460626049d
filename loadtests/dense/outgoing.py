"""What goes out: where to, which method, which headers, which body; and where redirects lead."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, urldefrag, urlencode, urljoin, urlsplit

from loadtests.dense.address import authority
from loadtests.dense.bodies import NO_BODY, Body
from loadtests.dense.failures import ExchangeError, Failure
from loadtests.dense.headers import HeaderBlock, has_controls

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SEE_OTHER = 303
_POST_BECOMES_GET = frozenset({301, 302})
_OF_A_BODY = frozenset({"content-encoding", "content-length", "content-type", "transfer-encoding"})
_OF_AN_ORIGIN = frozenset({"authorization", "cookie", "host"})
_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
"""Methods that may be sent again when a kept connection turns out to be dead (RFC 9110, 9.2.2)."""
_BODY_EXPECTED = frozenset({"POST", "PUT", "PATCH"})
_IN_PATHS = "!$%&'()*+,/:;=?@[]~"
"""What stays as it is in a path and query; a percent sign, because the rest may be quoted."""
_SENT_AS_IT_IS = re.compile(r"/[\w/.~-]*(\?[\w/.~?=&-]+)?", re.ASCII).fullmatch
"""A path that needs neither quoting nor taking apart: nearly all of them."""

Params = Mapping[str, Any] | list[tuple[str, Any]] | tuple[tuple[str, Any], ...] | str


class Target(NamedTuple):
    """Where a request goes: its first two lines, the whole URL, and the origin if not home's."""

    lines: bytes
    url: str
    origin: str | None


class Outgoing(NamedTuple):
    """A request before it is sent. `own` tells whether the user's own headers go with it."""

    method: str
    target: Target
    block: HeaderBlock
    body: Body
    own: bool

    def encoded(self, own_headers: bytes, cookies: str | None) -> bytes:
        """The bytes to be sent, but for chunks."""
        lines, names = self.target.lines, self.block.names
        if "host" in names:
            lines = lines[: lines.index(b"\r\n") + 2]
        if not self.own or "authorization" in names:
            own_headers = b""
        if cookies is not None and "cookie" not in names:
            own_headers += f"Cookie: {cookies}\r\n".encode()
        content = self.body.content
        if not content and self.method not in _BODY_EXPECTED:
            return b"".join((lines, self.block.encoded, own_headers, b"\r\n"))
        described = _described(self.body, names)
        after = content if isinstance(content, bytes) else b""
        return b"".join((lines, self.block.encoded, own_headers, described, b"\r\n", after))

    @property
    def chunks(self) -> Iterator[bytes] | None:
        """The pieces of a body of unknown length."""
        return None if isinstance(self.body.content, bytes) else self.body.content

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent once more."""
        return self.method in _REPEATABLE and isinstance(self.body.content, bytes)

    def redirected(self, status: int, location: str, base: str) -> Outgoing:
        """The request that follows (RFC 9110, 15.4). Raises ExchangeError.

        Another origin is told neither the user's token nor the cookies a caller wrote out.
        """
        method, body, block = self.method, self.body, self.block
        if status == _SEE_OTHER or (status in _POST_BECOMES_GET and method == "POST"):
            method, body = "HEAD" if method == "HEAD" else "GET", NO_BODY
            block = block.without(_OF_A_BODY)
        if not isinstance(body.content, bytes):
            raise ExchangeError(Failure.UNREPEATABLE)
        try:
            target = target_of(method, urljoin(self.target.url, location), base)
        except ValueError as error:
            raise ExchangeError(Failure.REDIRECTED) from error
        if target.origin == self.target.origin:
            return Outgoing(method, target, block, body, self.own)
        return Outgoing(method, target, block.without(_OF_AN_ORIGIN), body, own=False)


def _described(body: Body, names: frozenset[str]) -> bytes:
    content, media_type = body
    told = b""
    if not isinstance(content, bytes):
        told = b"Transfer-Encoding: chunked\r\n"
    elif "content-length" not in names:
        told = b"Content-Length: %d\r\n" % len(content)
    if media_type is not None and "content-type" not in names:
        told += f"Content-Type: {media_type}\r\n".encode()
    return told


def target_of(method: str, url: str, base: str) -> Target:
    """The target of a path under the base URL, or of an absolute URL.

    Raises ValueError for what is neither.
    """
    if not (_SENT_AS_IT_IS(url) and method.isalpha()):
        return _taken_apart(method, url, base)
    under, rest = _home(base)
    return Target(f"{method} {under}{url}{rest}".encode(), base + url, None)


@lru_cache(maxsize=1024)
def _home(base: str) -> tuple[str, str]:
    """What comes before a path under that base URL in a request's first lines, and after it."""
    path = quote(urlsplit(base).path, safe=_IN_PATHS)
    return path, f" HTTP/1.1\r\nHost: {_origin(base)[1]}\r\n"


@lru_cache(maxsize=8192)
def _taken_apart(method: str, url: str, base: str) -> Target:
    """The same for any URL. Encoded once for all users. Raises ValueError."""
    if has_controls(url) or not method.isalpha():
        raise ValueError(f"{method!r} {url!r} is no method and path of a request")
    if url[:7].lower() == "http://" or url[:8].lower() == "https://":
        absolute = url
    elif url[:1] in {"/", "?", ""}:
        absolute = base + url
    else:
        raise ValueError(f"{url!r} is neither a path of a request nor an http URL")
    parts = urlsplit(urldefrag(absolute).url)
    origin, host = _origin(absolute)
    path = quote(parts.path or "/", safe=_IN_PATHS)
    query = f"?{quote(parts.query, safe=_IN_PATHS)}" if parts.query else ""
    lines = f"{method} {path}{query} HTTP/1.1\r\nHost: {host}\r\n".encode()
    return Target(lines, absolute, None if origin == _origin(base)[0] else origin)


def _origin(url: str) -> tuple[str, str]:
    """Scheme and authority of a URL as one text, and the authority. Raises ValueError."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError(f"{url!r} names no host")
    tls = parts.scheme == "https"
    host = authority(parts.hostname, parts.port or (443 if tls else 80), tls=tls)
    return f"{parts.scheme}://{host}", host


def with_params(url: str, params: Params) -> str:
    """The URL with these in its query; a list is several values, None is left out."""
    if not isinstance(params, str):
        pairs = params.items() if isinstance(params, Mapping) else params
        params = urlencode([pair for pair in pairs if pair[1] is not None], doseq=True)
    if not params:
        return url
    address, hash_sign, fragment = url.partition("#")
    return f"{address}{'&' if '?' in address else '?'}{params}{hash_sign}{fragment}"


def basic(user: str | bytes, password: str | bytes) -> str:
    """The value of an Authorization header (RFC 7617)."""
    sent = (each if isinstance(each, bytes) else each.encode() for each in (user, password))
    return f"Basic {b64encode(b':'.join(sent)).decode('ascii')}"
