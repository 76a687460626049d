"""An object store that keeps everything in memory: as much of S3 as the archive speaks."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from rehearsal.pki import Authority

ACCESS_KEY = "archive"
_STATUSES = {"NoSuchKey": 404, "NoSuchBucket": 404, "PermanentRedirect": 301}


@dataclass(frozen=True)
class Stored:
    body: bytes
    digest: str


@dataclass
class FakeS3:
    """Buckets and objects by name, over TLS. With `fault` it answers everything by that code."""

    folder: Path
    authority: Authority
    address: str
    port: int = 0
    zonegroup: str = "main"
    access_key: str = ACCESS_KEY
    fault: str = ""
    buckets: dict[str, dict[str, Stored]] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return f"https://{self.address}:{self.port}"

    @property
    def ca_file(self) -> Path:
        return self.authority.ca_file

    @property
    def secret_key_file(self) -> Path:
        file = self.folder / "secret-key"
        file.touch(mode=0o600)
        file.write_text("never checked")
        return file

    def __enter__(self) -> Self:
        pair = self.authority.issue("fake-s3", addresses=(self.address,), server=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        handler = type("Handler", (_Handler,), {"store": self})
        self._server = ThreadingHTTPServer((self.address, self.port), handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    store: FakeS3
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._do()

    def do_GET(self) -> None:
        self._do()

    def do_PUT(self) -> None:
        self._do()

    def do_DELETE(self) -> None:
        self._do()

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        _, bucket, *rest = url.path.split("/", 2)
        known = f"Credential={self.store.access_key}/" in self.headers["Authorization"]
        fault = self.store.fault or ("" if known else "InvalidAccessKeyId")
        if fault:
            self._refuse(fault)
        elif rest and rest[0]:
            self._object(bucket, rest[0], body)
        else:
            self._bucket(bucket, parse_qs(url.query, keep_blank_values=True))

    def _bucket(self, name: str, asked: dict[str, list[str]]) -> None:
        if self.command == "PUT":
            self.store.buckets.setdefault(name, {})
            self._answer(b"")
        elif name not in self.store.buckets:
            self._refuse("NoSuchBucket")
        elif "location" in asked:
            where = self.store.zonegroup
            self._answer(f"<LocationConstraint>{where}</LocationConstraint>".encode())
        else:
            keys = sorted(self.store.buckets[name])
            found = (key for key in keys if key.startswith(asked.get("prefix", [""])[0]))
            listed = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in found)
            self._answer(f"<ListBucketResult>{listed}</ListBucketResult>".encode())

    def _object(self, bucket: str, key: str, body: bytes) -> None:
        kept = self.store.buckets.get(bucket)
        if kept is None:
            self._refuse("NoSuchBucket")
        elif self.command == "PUT":
            kept[key] = Stored(body=body, digest=self.headers.get("x-amz-meta-sha256", ""))
            self._answer(b"")
        elif key not in kept:
            self._refuse("NoSuchKey")
        elif self.command == "DELETE":
            del kept[key]
            self._answer(b"", status=204)
        else:
            self._answer(kept[key].body, digest=kept[key].digest)

    def _refuse(self, code: str) -> None:
        said = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>"
        self._answer(said.encode(), status=_STATUSES.get(code, 403))

    def _answer(self, body: bytes, status: int = 200, digest: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if digest:
            self.send_header("x-amz-meta-sha256", digest)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
