from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rehearsal.pki import Authority, KeyPair


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_every_private_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "pki", "suyun")
    pair = authority.issue("etcd", server=True)
    assert mode(pair.key) == 0o600
    assert mode(tmp_path / "pki" / "ca.key") == 0o600
    assert mode(tmp_path / "pki") == 0o700


def test_certificates_live_a_week_at_most(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path, "suyun")
    pair = authority.issue("etcd", server=True)
    for file in (authority.ca_file, pair.certificate):
        certificate = load(file)
        now = datetime.now(UTC)
        assert certificate.not_valid_before_utc < now < certificate.not_valid_after_utc
        assert certificate.not_valid_after_utc - now <= timedelta(days=7)


def test_groups_names_and_addresses_are_in_the_certificate(tmp_path: Path) -> None:
    pair = Authority.create(tmp_path, "suyun").issue(
        "system:node:a",
        organizations=("system:nodes",),
        dns=("kubernetes.default",),
        addresses=("127.0.0.1", "::1"),
        server=True,
    )
    certificate = load(pair.certificate)
    organization = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert [attribute.value for attribute in organization] == ["system:nodes"]
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["kubernetes.default"]
    addresses = names.get_values_for_type(x509.IPAddress)
    assert addresses == [ip_address("127.0.0.1"), ip_address("::1")]


def test_a_client_certificate_cannot_serve(tmp_path: Path) -> None:
    pair = Authority.create(tmp_path, "suyun").issue("admin", server=False)
    uses = load(pair.certificate).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_a_wrong_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.300"):
        Authority.create(tmp_path, "suyun").issue("x", addresses=("127.0.0.300",), server=True)


def handshake(server: KeyPair, trusted: Path) -> str | None:
    """The protocol version agreed with a server of that certificate, as its client sees it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(server.certificate, server.key)
    with socket.create_server(("127.33.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve_one, args=(listener, context))
        thread.start()
        try:
            client = ssl.create_default_context(cafile=str(trusted))
            with (
                socket.create_connection(listener.getsockname()) as plain,
                client.wrap_socket(plain, server_hostname="127.33.0.1") as secured,
            ):
                return secured.version()
        finally:
            thread.join(5)


def _serve_one(listener: socket.socket, context: ssl.SSLContext) -> None:
    plain, _ = listener.accept()
    with plain:
        try:
            context.wrap_socket(plain, server_side=True).close()
        except (ssl.SSLError, OSError):
            return


def test_a_client_trusts_this_authority_and_no_other(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "ours", "suyun")
    other = Authority.create(tmp_path / "other", "suyun")
    pair = authority.issue("edge", addresses=("127.33.0.1",), server=True)
    assert handshake(pair, authority.ca_file) == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(pair, other.ca_file)
