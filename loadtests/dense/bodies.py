"""What a request carries: bytes, text, JSON, a form, files, or pieces whose sum nobody knows."""

from __future__ import annotations

import json as json_codec
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, NamedTuple
from urllib.parse import urlencode

from urllib3.filepost import encode_multipart_formdata

_PIECE_BYTES = 64 * 1024

Fields = Mapping[str, Any] | list[tuple[str, Any]] | tuple[tuple[str, Any], ...]
"""A form, or files: by name. A file is its content, an open file, (file name, content) or
(file name, content, media type)."""
Data = bytes | bytearray | str | Fields | Iterable[bytes | str] | None


class Body(NamedTuple):
    """The content and its media type. Content that is no bytes is sent in chunks, once."""

    content: bytes | Iterator[bytes]
    media_type: str | None


NO_BODY = Body(b"", None)


def body_of(data: Data, json: Any, files: Fields | None) -> Body:  # noqa: ANN401 - JSON
    """The body that those arguments of a request mean. Raises TypeError, ValueError."""
    if files:
        return _multipart(data, files)
    if json is not None and not data:
        return Body(json_codec.dumps(json, separators=(",", ":")).encode(), "application/json")
    if data is None:
        return NO_BODY
    return _of_data(data)


def _of_data(data: bytes | bytearray | str | Fields | Iterable[bytes | str]) -> Body:
    if isinstance(data, str):
        return Body(data.encode(), "text/plain; charset=utf-8")
    if isinstance(data, bytes | bytearray):
        return Body(bytes(data), "application/octet-stream" if data else None)
    if isinstance(data, Mapping | list | tuple):
        return Body(
            urlencode(data, doseq=True).encode(), "application/x-www-form-urlencoded; charset=utf-8"
        )
    return Body(_pieces(data), "application/octet-stream")


def _pieces(source: Iterable[bytes | str]) -> Iterator[bytes]:
    """An open file's content in pieces, or whatever the iterable yields; nothing empty."""
    read = getattr(source, "read", None)
    pieces = source if read is None else iter(lambda: read(_PIECE_BYTES), type(read(0))())
    for piece in pieces:
        if piece:
            yield piece.encode() if isinstance(piece, str) else bytes(piece)


def _multipart(data: Data, files: Fields) -> Body:
    if data is not None and not isinstance(data, Mapping | list | tuple):
        raise TypeError("beside files, data must be a form")
    fields = [(name, value) for name, value in _pairs(data or {}) if value is not None]
    parts: list[tuple[str, Any]] = [(name, _text(value)) for name, value in fields]
    parts += [(name, _file(name, value)) for name, value in _pairs(files)]
    content, media_type = encode_multipart_formdata(parts)
    return Body(content, media_type)


def _pairs(fields: Fields) -> list[tuple[str, Any]]:
    """Each name with each of its values: a list is several values."""
    found = fields.items() if isinstance(fields, Mapping) else fields
    return [
        (name, each)
        for name, value in found
        for each in (value if isinstance(value, list) else [value])
    ]


def _text(value: object) -> str | bytes:
    return value if isinstance(value, bytes) else str(value)


def _file(name: str, value: Any) -> tuple[str, Any] | tuple[str, Any, str]:  # noqa: ANN401 - see Fields
    if not isinstance(value, tuple):
        guessed = getattr(value, "name", None)
        return PurePath(guessed).name if isinstance(guessed, str) else name, _content(value)
    file_name, content, *media_type = value
    if media_type:
        return file_name, _content(content), media_type[0]
    return file_name, _content(content)


def _content(file: Any) -> Any:  # noqa: ANN401 - what an open file yields
    return file.read() if hasattr(file, "read") else file
