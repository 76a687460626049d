"""Bodies of several TLS records that arrive in parts, as they do over real links.

OpenSSL takes what has come of a record out of the kernel. A client that has the kernel wake it for
all that is still missing then waits for bytes that it has itself: until its time is up.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable

import pytest

from loadtests.dense.address import Endpoint
from rehearsal.pki import Authority, KeyPair
from tests.loadtests.conftest import HOST, NAME
from tests.loadtests.visitors import bad_server, user_of, users_leave

BODY_BYTES = 40_000
RECORD_BYTES = 16_384


class RecordServer:
    """One connection at a time; what it encrypts it sends as it is told to."""

    def __init__(self, certificate: KeyPair) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.certificate, certificate.key)

    def answering(self, *cuts: int) -> Callable[[socket.socket], None]:
        """Answers every request; its answer's bytes come in parts that end at those cuts."""

        def turn(connection: socket.socket) -> None:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            secured = self._context.wrap_bio(incoming, outgoing, server_side=True)
            if not self._until_done(connection, incoming, outgoing, secured.do_handshake):
                return
            while self._until_done(connection, incoming, outgoing, lambda: secured.read(65536)):
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {BODY_BYTES}\r\n\r\n".encode()
                secured.write(head + b"x" * (RECORD_BYTES - len(head)))
                secured.write(b"y" * (BODY_BYTES + len(head) - RECORD_BYTES))
                answer = outgoing.read()
                for begin, end in zip((0, *cuts), (*cuts, len(answer)), strict=True):
                    connection.sendall(answer[begin:end])
                    time.sleep(0.05)

        return turn

    @staticmethod
    def _until_done(
        connection: socket.socket,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        act: Callable[[], object],
    ) -> bool:
        """False when the other side has gone."""
        while True:
            try:
                act()
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                received = connection.recv(65536)
                if not received:
                    return False
                incoming.write(received)
            except (ssl.SSLError, OSError):
                return False
            else:
                connection.sendall(outgoing.read())
                return True


@pytest.mark.parametrize(
    "cuts",
    [
        (RECORD_BYTES + 22, RECORD_BYTES + 8_000),  # in the middle of the second record
        (RECORD_BYTES + 22, RECORD_BYTES + 25),  # in its head
        (8_000, 30_000),  # in the first, and in the second
        (2 * RECORD_BYTES + 44, 2 * RECORD_BYTES + 4_000),  # in the last, which is short
        tuple(range(3_000, 39_000, 3_000)),
    ],
)
def test_records_that_come_in_parts_are_read_as_they_come(
    authority: Authority, certificate: KeyPair, cuts: tuple[int, ...]
) -> None:
    with bad_server(RecordServer(certificate).answering(*cuts)) as endpoint:
        secured = Endpoint(hostname=NAME, address=HOST, port=endpoint.port, tls=True)
        user, events = user_of(secured, ca_file=str(authority.ca_file), network_timeout=5.0)
        for _ in range(2):
            response = user.client.get("/")
            assert response.error is None
            assert len(response.content) == BODY_BYTES
        users_leave()
    assert max(event["response_time"] for event in events) < 3_000
