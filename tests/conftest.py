"""What all tests share."""

import signal
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

# No deadline: a busy machine makes an example slow, and time is not what a property is about.
settings.register_profile("suyun", deadline=None)
settings.load_profile("suyun")

# A shell starts what it puts into the background with Ctrl-C ignored, and children inherit that:
# tests that interrupt a process would then interrupt nothing.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_AT_THE_PRODUCTS_OWN_ADDRESSES = (
    "rehearsal/test_data_live.py",
    "release/test_rehearsal.py",
    "release/test_site_loss_live.py",
)


class Modules(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives whole modules to workers: within one, live tests share servers and addresses.

    What starts the product itself takes its addresses, so that those modules are one.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Modules | None:  # noqa: ANN401 - xdist's
    return Modules(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest group first, so that nobody waits for it in the end."""
    items.sort(key=lambda item: _group(item.nodeid) != "product")


def _group(nodeid: str) -> str:
    module = nodeid.partition("::")[0]
    return "product" if module.endswith(_AT_THE_PRODUCTS_OWN_ADDRESSES) else module
