"""What a dense user costs: memory a user, CPU a request, plain and over TLS, recording on.

`python -m benchmarks.load [USERS]` starts nginx (Debian) and one Locust process with USERS users
(4,000), each asking every 4 s on average, and prints figures. The process is measured, not the
server. It also prints the same for Locust's FastHttpUser with one shared TLS context.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

from processes.ports import require_free
from processes.supervisor import Command, Running, Supervisor
from rehearsal.pki import Authority

HOST, PORT_PLAIN, PORT_TLS = "127.37.9.1", 8080, 8443
NAME = "bench.suyun.example"
SECONDS = 20
PACING_SECONDS = 4.0
_ROOT = Path(__file__).resolve().parent.parent
_NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
worker_rlimit_nofile 20000;
events {{ worker_connections 19000; }}
http {{
  access_log off; keepalive_timeout 600; keepalive_requests 1000000; server_tokens off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  ssl_session_tickets off; ssl_conf_command NumTickets 0; ssl_protocols TLSv1.3;
  server {{
    listen {host}:{plain} backlog=4096; listen {host}:{tls} ssl backlog=4096;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    default_type application/json;
    location / {{ return 200 '{body}'; }}
  }}
}}
"""


async def main(users: int) -> None:
    """Starts the server, measures each kind of user, prints a table."""
    require_free([(HOST, PORT_PLAIN), (HOST, PORT_TLS)])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with Supervisor(folder / "state") as supervisor:
            authority = Authority.create(folder, "Suyun benchmark")
            await _start_nginx(supervisor, folder, authority)
            print(f"{users:,} users in one process, a request every {PACING_SECONDS:.0f} s")
            print(f"{'':24}{'KiB a user':>12}{'µs a request':>14}{'ms a user at start':>20}")
            for kind in ("dense", "fasthttp"):
                for scheme in ("http", "https"):
                    figures = await _measure(supervisor, folder, kind, scheme, users)
                    print(
                        f"{kind + ' ' + scheme:24}{figures['kib']:12.1f}{figures['us']:14.0f}"
                        f"{figures['start_ms']:20.2f}   ({figures['requests']:,.0f} requests)"
                    )


async def _start_nginx(supervisor: Supervisor, folder: Path, authority: Authority) -> Running:
    pair = authority.issue("bench", dns=[NAME], addresses=[HOST], server=True)
    config = folder / "nginx.conf"
    config.write_text(
        _NGINX.format(
            folder=folder,
            host=HOST,
            plain=PORT_PLAIN,
            tls=PORT_TLS,
            certificate=pair.certificate,
            key=pair.key,
            body=json.dumps({"courses": ["x" * 90] * 10}),
        )
    )
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    server = await supervisor.start(
        Command(
            name="nginx",
            argv=(binary, "-c", str(config), "-p", str(folder)),
            log=folder / "nginx.log",
        )
    )
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection(HOST, PORT_PLAIN)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return server
    raise SystemExit(f"nginx does not answer: {server.log_tail()}")


async def _measure(
    supervisor: Supervisor, folder: Path, kind: str, scheme: str, users: int
) -> dict[str, float]:
    port = PORT_TLS if scheme == "https" else PORT_PLAIN
    lines: list[str] = []
    status = await supervisor.run(
        Command(
            name="load",
            argv=(
                *(sys.executable, "-m", "benchmarks.load_process", kind),
                *(f"{scheme}://{HOST}:{port}", str(folder / "ca.crt")),
                *(str(users), str(SECONDS), str(PACING_SECONDS)),
            ),
            log=folder / "load.log",
            cwd=_ROOT,
        ),
        lines.append,
    )
    if status != 0:
        raise SystemExit((folder / "load.log").read_text("utf-8")[-2000:])
    figures: dict[str, float] = json.loads(lines[-1])
    return figures


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000))
