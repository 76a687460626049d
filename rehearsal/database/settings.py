"""A server's configuration, as text: the plan's parameters, the operator's, and this machine's.

`postgresql.conf` and `pg_hba.conf` lie beside the data, not among them, so that neither a base
backup nor `pg_rewind` brings another server's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from infra.plan.stateful import DatabasePlan
from rehearsal.pki import KeyPair

REPLICATION_ROLE = "streaming_replica"
"""As whom replicas come; CloudNativePG calls it so too."""
LOWERED: Mapping[str, str] = MappingProxyType({"wal_keep_size": "256MB"})
"""What one machine cannot bear of the plan's: 8 GB of WAL kept at each of three servers."""
HBA = (
    f"hostssl replication {REPLICATION_ROLE} all scram-sha-256\n"
    "hostssl all all all scram-sha-256\n"
    "host all all all reject\n"
)
"""No socket of the machine's own, no client without TLS, none without a password."""
_OPERATORS: Mapping[str, str] = MappingProxyType(
    {
        # What CloudNativePG 1.27 sets where a cluster says nothing else ("PostgreSQL
        # Configuration" in its documentation), as far as it bears on replication.
        "archive_timeout": "5min",
        "full_page_writes": "on",
        "hot_standby": "on",
        "max_replication_slots": "32",
        "recovery_target_timeline": "latest",
        "ssl_max_protocol_version": "TLSv1.3",
        "ssl_min_protocol_version": "TLSv1.3",
        "wal_level": "logical",
        "wal_log_hints": "on",
        "wal_receiver_timeout": "5s",
        "wal_sender_timeout": "5s",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Following:
    """Whom a replica follows, as libpq has it. The password is that of a `passfile`."""

    host: str
    port: int
    application: str
    ca_file: Path
    pass_file: Path

    @property
    def conninfo(self) -> str:
        """The connection: TLS 1.3, the server's name and address checked, SCRAM bound to both."""
        values = {
            "host": self.host,
            "port": self.port,
            "user": REPLICATION_ROLE,
            "passfile": self.pass_file,
            "sslmode": "verify-full",
            "sslrootcert": self.ca_file,
            "ssl_min_protocol_version": "TLSv1.3",
            "channel_binding": "require",
            "application_name": self.application,
            "connect_timeout": 3,
        }
        return " ".join(f"{name}={_quoted(value)}" for name, value in values.items())


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """All that one server is configured by.

    `standbys` have to confirm a commit (`plan.synchronous`); none while there are none yet. The
    commands are empty where there is no archive, or none is to be asked. A server that is restored
    stops at `recover_until`, a time as PostgreSQL reads it, or where its archive ends.
    """

    plan: DatabasePlan
    folder: Path
    address: str
    port: int
    keys: KeyPair
    ca_file: Path
    standbys: str = ""
    following: Following | None = None
    archive_command: str = ""
    restore_command: str = ""
    recover_until: str = ""

    @property
    def data(self) -> Path:
        """Where the server's data lie."""
        return self.folder / "data"

    @property
    def file(self) -> Path:
        """`postgresql.conf`."""
        return self.folder / "postgresql.conf"

    @property
    def hba_file(self) -> Path:
        """`pg_hba.conf`."""
        return self.folder / "pg_hba.conf"

    @property
    def ident_file(self) -> Path:
        """`pg_ident.conf`, which maps nobody to anybody."""
        return self.folder / "pg_ident.conf"

    def render(self) -> str:
        """The text of `postgresql.conf`."""
        values = {**_OPERATORS, **self.plan.parameters, **LOWERED, **self._own()}
        return "".join(f"{name} = {_quoted(value)}\n" for name, value in values.items())

    def _own(self) -> dict[str, object]:
        """Beyond the plan's: where it is, who it is, and whom it goes with."""
        return {
            "data_directory": self.data,
            "hba_file": self.hba_file,
            "ident_file": self.ident_file,
            "cluster_name": self.plan.name,
            "listen_addresses": self.address,
            "port": self.port,
            "unix_socket_directories": "",
            "ssl": "on",
            "ssl_cert_file": self.keys.certificate,
            "ssl_key_file": self.keys.key,
            "ssl_ca_file": self.ca_file,
            "password_encryption": "scram-sha-256",
            "synchronous_standby_names": self.standbys,
            "primary_conninfo": self.following.conninfo if self.following else "",
            # Without a command a server that archives would keep all its WAL, waiting for one.
            "archive_mode": "on" if self.archive_command else "off",
            "archive_command": self.archive_command,
            "restore_command": self.restore_command,
            "recovery_target_time": self.recover_until,
            "recovery_target_action": "promote",
        }


def _quoted(value: object) -> str:
    """As both `postgresql.conf` and libpq read it."""
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"
