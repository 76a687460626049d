from __future__ import annotations

import os
import socket

import pytest

from processes.ports import require_free
from processes.supervisor import ProcessError


def listen(host: str, port: int = 0) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


@pytest.mark.parametrize("host", ["127.33.0.9", "::1"])
def test_held_address_names_its_holder(host: str) -> None:
    with listen(host) as held:
        port = held.getsockname()[1]
        with pytest.raises(ProcessError) as refused:
            require_free([(host, port)])
    assert str(port) in refused.value.cause
    assert f"process {os.getpid()}" in refused.value.cause
    assert "room stop" in refused.value.hint
    require_free([(host, port)])


@pytest.mark.parametrize("wildcard", ["0.0.0.0", "::"])  # noqa: S104 - the case under test
def test_listener_on_all_addresses_holds_each(wildcard: str) -> None:
    family = socket.AF_INET6 if ":" in wildcard else socket.AF_INET
    with socket.create_server(
        (wildcard, 0), family=family, dualstack_ipv6=family is socket.AF_INET6
    ) as held:
        port = held.getsockname()[1]
        with pytest.raises(ProcessError, match=f"process {os.getpid()}"):
            require_free([("127.33.0.9", port)])


def test_another_address_of_the_same_port_is_free() -> None:
    with listen("127.33.0.9") as held:
        require_free([("127.33.0.10", held.getsockname()[1])])


def test_address_that_is_not_of_this_machine_is_said_to_be_so() -> None:
    with pytest.raises(ProcessError, match="cannot be listened on"):
        require_free([("192.0.2.1", 6443)])
