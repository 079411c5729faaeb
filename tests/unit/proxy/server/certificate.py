"""Certificates made for one test: a self-signed one, or an authority and what it signs."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from proxy.server.encryption import ClientTls, read_client_tls
from proxy.settings.service import Tls

DAY = datetime.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
LOCAL = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


@dataclass(frozen=True)
class Certificate:
    certificate_file: Path
    key_file: Path

    @property
    def der(self) -> bytes:
        pem = self.certificate_file.read_bytes()
        return x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)

    def client_tls(self, **more: object) -> ClientTls:
        """As the service has it, with these keys of its table."""
        files = {"certificate_file": self.certificate_file, "key_file": self.key_file}
        return read_client_tls(Tls.model_validate({**files, **more}))

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate_file, self.key_file)
        return context

    def client_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate_file)

    def shown(self) -> dict[str, str]:
        """What libpq needs to show it."""
        return {"sslcert": str(self.certificate_file), "sslkey": str(self.key_file)}


class Authority:
    """Signs certificates and revocation lists; its files are below ``directory``."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory, self._name = directory, subject(CN=name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(self._name, self._name, self._key, 30 * DAY)
        ca = x509.BasicConstraints(ca=True, path_length=0)
        self._own = builder.add_extension(ca, critical=True).sign(self._key, hashes.SHA256())
        self.file = directory / f"{name}.ca.pem"
        self.file.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))

    def issue(self, file: str, name: x509.Name, *, days: int = 1, key: Key | None = None,
              by: Key | None = None) -> Certificate:  # fmt: skip
        """A certificate that ends in so many days, or ended so many days ago; signed `by` another
        key it is signed by nobody."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, self._name, key, days * DAY)
        signer = by or self._key
        algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        builder = builder.add_extension(x509.SubjectAlternativeName(LOCAL), critical=False)
        made = builder.sign(signer, algorithm)
        return _written(self._directory / file, made, key)

    def revoke(self, *revoked: Certificate, days: int = 1) -> Path:
        """A new list of those revoked, which is current for so many days."""
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        builder = builder.last_update(now - 3 * DAY).next_update(now + days * DAY)
        for each in revoked:
            serial = x509.load_der_x509_certificate(each.der).serial_number
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            builder = builder.add_revoked_certificate(entry.revocation_date(now - DAY).build())
        file = self.file.with_suffix(".crl")
        made = builder.sign(self._key, hashes.SHA256())
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return file


def subject(**values: str) -> x509.Name:
    """In the order of a certificate, which is the reverse of the text's."""
    kinds = {"CN": x509.NameOID.COMMON_NAME, "O": x509.NameOID.ORGANIZATION_NAME}
    return x509.Name([x509.NameAttribute(kinds[kind], value) for kind, value in values.items()])


def make_certificate(directory: Path) -> Certificate:
    """For 127.0.0.1 and localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = subject(CN="localhost")
    certificate = (
        _builder(name, name, key, DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName(LOCAL), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _written(directory / "server", certificate, key)


def _builder(
    name: x509.Name, issuer: x509.Name, key: Key, lasts: datetime.timedelta
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 10 * DAY)
        .not_valid_after(now + lasts)
    )


def _written(stem: Path, certificate: x509.Certificate, key: Key) -> Certificate:
    made = Certificate(stem.with_suffix(".crt"), stem.with_suffix(".key"))
    made.certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    made.key_file.chmod(0o600)  # libpq and the server take no other
    return made
