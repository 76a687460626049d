"""Reading a request: who calls, and what they sent. Whatever is wrong is refused as HTTP says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from province.audience import Persona
from province.value import Value
from rehearsal.platform.storage import Person
from rehearsal.platform.tokens import TokenError, Tokens

BODY_BYTES_MAX = 1024 * 1024
"""Text alone is handed in here."""
_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_SCHEME = "bearer "
_DIGITS_MAX = 15
"""SQLite's integers have up to 19 digits."""
V = TypeVar("V", bound=Value)
Headers = Iterable[tuple[bytes, bytes]]
"""Names in lower case, and values, as they came."""


def has_known_token(headers: Headers, tokens: Tokens) -> bool:
    """Whether that is all there is to check: one token, known and good, and no condition."""
    token = ""
    for name, value in headers:
        if name == b"if-none-match":
            return False
        if name == b"authorization":
            if token or value[: len(_SCHEME)].lower() != _SCHEME.encode():
                return False
            token = value[len(_SCHEME) :].decode("latin-1")
    return tokens.is_known(token)


def caller(request: Request, tokens: Tokens, *allowed: Persona) -> Person:
    """Who calls. 401 without a good token; 403 unless the persona is allowed (none named: all)."""
    header = request.headers.get("authorization", "")
    if header[: len(_SCHEME)].lower() != _SCHEME:
        raise HTTPException(401, "a bearer token is needed", _CHALLENGE)
    try:
        person = tokens.check(header[len(_SCHEME) :])
    except TokenError as error:
        raise HTTPException(401, str(error), _CHALLENGE) from error
    if allowed and person.persona not in allowed:
        raise HTTPException(403, f"not for a {person.persona}")
    return person


async def sent(request: Request, kind: type[V]) -> V:
    """The JSON body as that value. 413 when it is too long, 400 when it is not such a value."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise HTTPException(413, f"more than {BODY_BYTES_MAX} bytes")
    try:
        return kind.model_validate_json(bytes(body))
    except ValidationError as error:
        raise HTTPException(400, error.errors()[0]["msg"]) from error


def number(text: str) -> int:
    """A part of a path that counts something. 404 when it is no such number."""
    found = whole(text)
    if found is None:
        raise HTTPException(404)
    return found


def whole(text: str) -> int | None:
    """A whole number that is not negative and that SQLite can hold, or None."""
    is_whole = text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX
    return int(text) if is_whole else None
