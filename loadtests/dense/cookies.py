"""A user's cookies. The standard library's jar keeps them; only users who were given one have it.

It knows domains, paths, `Secure` and expiry (RFC 6265 in substance).
"""

from __future__ import annotations

from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, cast
from urllib.parse import urlsplit

from loadtests.dense.headers import Headers

_POLICY = DefaultCookiePolicy()
"""One for all: it holds rules, no cookies."""


def empty_jar() -> CookieJar:
    """A jar for one user."""
    return CookieJar(_POLICY)


def cookies_for(jar: CookieJar, url: str) -> str | None:
    """What the Cookie header says at that absolute URL; None says nothing."""
    asked = _Asked(url)
    jar.add_cookie_header(cast("Any", asked))
    return asked.cookies


def keep_cookies(jar: CookieJar, url: str, headers: Headers) -> None:
    """Keeps what an answer from that absolute URL has set."""
    jar.extract_cookies(cast("Any", _Told(headers)), cast("Any", _Asked(url)))


class _Asked:
    """A request, as far as the jar wants to know it."""

    unverifiable = False

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url = url
        self.type = parts.scheme
        self.host = parts.netloc
        self.origin_req_host = parts.hostname or ""
        self.cookies: str | None = None

    def get_full_url(self) -> str:
        return self._url

    def get_header(self, _name: str, default: str | None = None) -> str | None:
        return default

    def has_header(self, _name: str) -> bool:
        return False

    def add_unredirected_header(self, name: str, value: str) -> None:
        if name == "Cookie":
            self.cookies = value


class _Told:
    """A response, as far as the jar wants to know it."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def info(self) -> _Told:
        return self

    def get_all(self, name: str, default: list[str]) -> list[str]:
        return self._headers.getlist(name) or default
