"""The run's own certificate authority: short-lived certificates for whatever speaks TLS here.

A rehearsal trusts nothing but this authority, and nothing else trusts it. Private keys are files
of mode 0600 from the moment they exist, in folders of mode 0700.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from processes.files import write_private, write_whole

_LIFE = timedelta(days=7)
_CLOCK_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyPair:
    """A certificate (PEM) and its private key (PKCS #8 PEM, mode 0600)."""

    certificate: Path
    key: Path


class Authority:
    """An EC P-256 authority whose files lie in one folder."""

    def __init__(
        self, folder: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> None:
        self.folder = folder
        self._certificate = certificate
        self._key = key

    @classmethod
    def create(cls, folder: Path, name: str) -> Authority:
        """A new authority in `folder`, valid for 7 days. What lay there before is replaced."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name, ())
        builder = _builder(subject, subject, key.public_key())
        for extension, critical in _authority_extensions(key.public_key()):
            builder = builder.add_extension(extension, critical)
        authority = cls(folder, builder.sign(key, hashes.SHA256()), key)
        write_private(folder / "ca.key", private_pem(key))
        write_whole(authority.ca_file, _pem(authority._certificate))
        return authority

    @property
    def ca_file(self) -> Path:
        """The authority's certificate, which its clients trust."""
        return self.folder / "ca.crt"

    def issue(
        self,
        name: str,
        *,
        organizations: Sequence[str] = (),
        dns: Sequence[str] = (),
        addresses: Sequence[str] = (),
        server: bool,
    ) -> KeyPair:
        """A certificate for common name `name`, usable as a client and, if asked, as a server.

        `organizations` are the groups that Kubernetes sees. Files are named after `name`, so a
        second certificate of the same name replaces the first. Raises ValueError on an address
        that is none.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name, organizations), self._certificate.subject, key.public_key())
        alternatives = _alternatives(dns, addresses)
        extensions = _leaf_extensions(self._key.public_key(), alternatives, server=server)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        certificate = builder.sign(self._key, hashes.SHA256())
        stem = name.replace("/", "_").replace(":", "_")
        pair = KeyPair(certificate=self.folder / f"{stem}.crt", key=self.folder / f"{stem}.key")
        write_private(pair.key, private_pem(key))
        write_whole(pair.certificate, _pem(certificate))
        return pair


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as unencrypted PKCS #8 PEM; only for a file of mode 0600."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _name(common_name: str, organizations: Sequence[str]) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, o) for o in organizations]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SLACK)
        .not_valid_after(now + _LIFE)
    )


def _authority_extensions(
    key: ec.EllipticCurvePublicKey,
) -> Iterable[tuple[x509.ExtensionType, bool]]:
    yield x509.BasicConstraints(ca=True, path_length=0), True
    yield _key_usage(signs_certificates=True), True
    yield x509.SubjectKeyIdentifier.from_public_key(key), False


def _leaf_extensions(
    issuer: ec.EllipticCurvePublicKey, alternatives: Sequence[x509.GeneralName], *, server: bool
) -> Iterable[tuple[x509.ExtensionType, bool]]:
    yield x509.BasicConstraints(ca=False, path_length=None), True
    yield _key_usage(signs_certificates=False), True
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if server:
        uses.append(ExtendedKeyUsageOID.SERVER_AUTH)
    yield x509.ExtendedKeyUsage(uses), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), False
    if alternatives:
        yield x509.SubjectAlternativeName(alternatives), False


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternatives(dns: Sequence[str], addresses: Sequence[str]) -> list[x509.GeneralName]:
    return [
        *(x509.DNSName(name) for name in dns),
        *(x509.IPAddress(ip_address(address)) for address in addresses),
    ]


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
