"""One process of the platform: `python -m rehearsal.platform --folder F --socket S --process N`.

The folder holds `segments`, `token.key`, and `platform.sqlite` and `resources` unless `--engines`
names a file that says which databases and object stores there are in their place
(`rehearsal.platform.engines`); all made beforehand (`rehearsal.platform.platform`).
"""

from __future__ import annotations

import argparse
import gc
import socket
import sys
from pathlib import Path

import uvicorn

from rehearsal.objects.errors import ObjectStoreError
from rehearsal.platform.app import Application
from rehearsal.platform.database import Database
from rehearsal.platform.engines import Engines
from rehearsal.platform.postgres import PostgresStorage
from rehearsal.platform.protocol import PlatformProtocol
from rehearsal.platform.shelf import FileShelf, Shelf
from rehearsal.platform.sqlite import SqliteStorage
from rehearsal.platform.storage import Storage, StorageError
from rehearsal.platform.store_shelf import StoreShelf
from rehearsal.platform.stores import Stores
from rehearsal.platform.tokens import Tokens
from rehearsal.platform.video import StoredSegments

BACKLOG = 4096
"""nginx answers 502 at once when a Unix socket's backlog is full. The kernel's own limit."""
COLLECTIONS = (20_000, 20, 100)
"""Few, because every one looks at 200,000 people's tokens sooner or later: at Python's own
thresholds they took 30 % of the platform's CPU (measured), and cyclic garbage is rare here."""
KEEP_ALIVE_SECONDS = 24 * 3600
"""The edge closes idle connections, never the platform, so that none closes under a request."""


def main() -> int:
    """Serves until SIGTERM. Exit status 1, with one line, when folder or socket is unusable."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.platform", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--process", type=int, default=0)
    parser.add_argument("--engines", type=Path)
    order = parser.parse_args()
    try:
        _serve(order.folder, order.socket, order.process, order.engines)
    except (OSError, ValueError, StorageError, ObjectStoreError) as error:
        sys.stderr.write(f"the platform cannot start: {error}\n")
        return 1
    return 0


def _serve(folder: Path, path: Path, process: int, engines: Path | None) -> None:
    tokens = Tokens((folder / "token.key").read_bytes())
    storage, shelf = _kept_in(folder, engines)
    app = Application(storage, StoredSegments(folder), shelf, tokens, process)
    config = uvicorn.Config(
        app,
        loop="auto",
        http=PlatformProtocol,
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=2,
    )
    gc.set_threshold(*COLLECTIONS)
    with _listening(path) as listener:
        uvicorn.Server(config).run(sockets=[listener])


def _kept_in(folder: Path, engines: Path | None) -> tuple[Storage, Shelf]:
    if engines is None:
        return SqliteStorage(folder / "platform.sqlite"), FileShelf(folder)
    known = Engines.model_validate_json(engines.read_bytes())
    database, stores = Database.of(known), Stores.of(known)
    return PostgresStorage(database, stores), StoreShelf(database, stores)


def _listening(path: Path) -> socket.socket:
    """A socket in place of one that an earlier process left. Its folder keeps strangers out."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    return listener


if __name__ == "__main__":
    raise SystemExit(main())
