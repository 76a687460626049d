"""nginx with one answer for every request, plain and over TLS: a server that is nobody's subject.

What is measured against it is whoever asks.
"""

from __future__ import annotations

import asyncio
import json
import resource
from pathlib import Path

from processes.ports import require_free
from processes.supervisor import Command, ProcessError, Running, Supervisor
from rehearsal.edge.config import size
from rehearsal.pki import Authority

READY_SECONDS = 10.0
_POLL_SECONDS = 0.05
_ANSWER = json.dumps({"courses": ["x" * 90] * 10})
"""About a kilobyte, as a page of the catalogue."""
_CONFIGURATION = """\
daemon off; pid nginx.pid; error_log error.log warn;
worker_processes {sizing.workers}; worker_rlimit_nofile {sizing.open_files};
events {{ worker_connections {sizing.connections}; }}
http {{
  access_log off; server_tokens off; default_type application/json;
  keepalive_timeout 600; keepalive_requests 1000000000; keepalive_time 24h;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  ssl_protocols TLSv1.3; ssl_session_tickets off; ssl_session_cache off;
  ssl_conf_command NumTickets 0;
  server {{
    listen {address}:{port} reuseport backlog=4096;
    listen {address}:{port_tls} ssl reuseport backlog=4096;
    ssl_certificate "{certificate}"; ssl_certificate_key "{key}";
    location / {{ return 200 '{answer}'; }}
  }}
}}
"""


class FixedServer:
    """One nginx for `users` connections of each kind; its files are below `folder`."""

    def __init__(
        self, folder: Path, supervisor: Supervisor, nginx: Path, *, address: str, users: int
    ) -> None:
        self._folder = folder.absolute()
        self._supervisor = supervisor
        self._nginx = nginx
        self._address = address
        self._users = users
        self.ca_file = self._folder / "pki" / "ca.crt"
        self.port, self.port_tls = 8080, 8443

    def url(self, *, tls: bool) -> str:
        """Where it answers. The certificate is for the address itself."""
        scheme, port = ("https", self.port_tls) if tls else ("http", self.port)
        return f"{scheme}://{self._address}:{port}"

    async def start(self) -> None:
        """Starts nginx and waits until it answers. Raises ProcessError when it does not."""
        require_free([(self._address, self.port), (self._address, self.port_tls)])
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._configure()
        prefix = ("-p", f"{self._folder}/", "-c", "nginx.conf", "-e", "error.log")
        log = self._folder / "nginx.log"
        server = await self._supervisor.start(
            Command(name="nginx", argv=(str(self._nginx), *prefix), log=log)
        )
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while not await self._answers():
            if server.exit_code is not None or asyncio.get_running_loop().time() > deadline:
                raise _dead(server)
            await asyncio.sleep(_POLL_SECONDS)

    def _configure(self) -> None:
        authority = Authority.create(self.ca_file.parent, "Suyun fixed server")
        pair = authority.issue("fixed", addresses=[self._address], server=True)
        _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
        configuration = _CONFIGURATION.format(
            sizing=size(self._users, 2**20 if files == resource.RLIM_INFINITY else files),
            address=self._address,
            port=self.port,
            port_tls=self.port_tls,
            certificate=pair.certificate,
            key=pair.key,
            answer=_ANSWER,
        )
        (self._folder / "nginx.conf").write_text(configuration, "utf-8")

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(self._address, self.port)
        except OSError:
            return False
        writer.close()
        return True


def _dead(server: Running) -> ProcessError:
    return ProcessError(
        f"nginx does not answer: {server.log_tail(1) or 'it said nothing'}",
        f"its log is {server.command.log}",
    )
