"""Dense users on their own, and servers of a few lines, good and bad, that they visit."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from locust.env import Environment

from loadtests.dense import DenseUser
from loadtests.dense.address import Endpoint
from tests.loadtests.conftest import HOST, NAME


class Events(list[dict[str, Any]]):
    """What a Locust listener hears."""

    def hear(self, **event: Any) -> None:  # noqa: ANN401 - Locust's event
        self.append(event)


class Subject(DenseUser):
    abstract = True
    connection_timeout = 2.0
    network_timeout = 1.0
    endpoint: ClassVar[Endpoint]

    def server(self) -> Endpoint:
        return self.endpoint


def user_of(endpoint: Endpoint, **settings: object) -> tuple[Subject, Events]:
    user_class = type("Visitor", (Subject,), {"endpoint": endpoint, **settings})
    environment, events = Environment(user_classes=[user_class]), Events()
    environment.events.request.add_listener(events.hear)
    user = user_class(environment)
    _made.append(user)
    return user, events


_made: list[Subject] = []


def users_leave() -> None:
    """Ends every user that a test has made."""
    while _made:
        _made.pop().on_stop()


def plain(port: int) -> Endpoint:
    return Endpoint(hostname=NAME, address=HOST, port=port, tls=False)


@contextmanager
def bad_server(*turns: Callable[[socket.socket], None]) -> Iterator[Endpoint]:
    """A server whose n-th connection is handled by the n-th turn, the last one again and again."""
    listener = socket.create_server((HOST, 0))
    listener.settimeout(0.05)
    over = threading.Event()

    def serve() -> None:
        count = 0
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            turn = turns[min(count, len(turns) - 1)]
            count += 1
            with connection:
                connection.settimeout(5)
                turn(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield plain(listener.getsockname()[1])
    finally:
        over.set()
        thread.join()
        listener.close()


def answering(content: bytes) -> Callable[[socket.socket], None]:
    def turn(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(content)

    return turn


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
