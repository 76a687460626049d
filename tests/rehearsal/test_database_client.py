"""A database's client says whom it does not trust, and why."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from rehearsal import pki
from rehearsal.database.client import DatabaseAccess, UnreachableError, session
from rehearsal.database.errors import DatabaseError
from rehearsal.pki import Authority
from tests.rehearsal.clocks import Tomorrow

ADDRESS = "127.84.2.1"


def test_a_server_whose_certificate_has_not_begun_is_refused_with_the_clocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority.create(tmp_path, "test")
    monkeypatch.setattr(pki, "datetime", Tomorrow)
    pair = authority.issue("database", addresses=(ADDRESS,), server=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    password = tmp_path / "password"
    password.write_text("never asked for")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # PostgreSQL's SSLRequest
        writer.write(b"S")
        with suppress(ssl.SSLError, ConnectionError):
            await writer.start_tls(context)
        writer.close()

    async def scene() -> DatabaseError:
        server = await asyncio.start_server(serve, ADDRESS, 0)
        async with server:
            access = DatabaseAccess(
                host=ADDRESS,
                port=server.sockets[0].getsockname()[1],
                user="suyun_app",
                password_file=password,
                ca_file=authority.ca_file,
            )
            with pytest.raises(DatabaseError, match="not yet valid") as caught:
                async with session(access):
                    pass
        return caught.value

    refused = asyncio.run(scene())
    assert not isinstance(refused, UnreachableError)
    assert "look at the clocks" in refused.hint
