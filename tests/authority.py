"""An authority of a test's own, which issues, revokes and renews."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def pem_of(key: ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption(),
    )


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return pem_of(self.key)


@dataclass(frozen=True)
class Authority:
    """An authority, whose key it keeps. What it writes lies in its directory."""

    directory: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    @classmethod
    def made_in(cls, directory: Path, name: str = "An authority") -> "Authority":
        """One with its certificate in ca.pem."""
        authority = cls(directory, ec.generate_private_key(ec.SECP256R1()), named(name))
        authority.path("ca.pem").write_bytes(authority.pem)
        return authority

    def path(self, name: str) -> Path:
        return self.directory / name

    @property
    def pem(self) -> bytes:
        """A certificate of its own."""
        made = self._issue(self.name, self.key, authority=True)
        return made.public_bytes(serialization.Encoding.PEM)

    def server(self) -> x509.Certificate:
        """A certificate for localhost, in server.pem with its key in server.key."""
        issued = self.issues("localhost")
        self.path("server.pem").write_bytes(issued.pem)
        self.path("server.key").write_bytes(issued.key_pem)
        return issued.certificate

    def issues(
        self, name: str, *, begins: datetime = NOW - DAY, ends: datetime = NOW + DAY
    ) -> Issued:
        """A certificate, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        return Issued(self._issue(named(name), key, begins=begins, ends=ends), key)

    def revokes(self, *certificates: x509.Certificate) -> Path:
        """A list of revoked certificates, in revoked.pem."""
        self.path("revoked.pem").write_bytes(self.list_of(certificates))
        return self.path("revoked.pem")

    def list_of(
        self,
        certificates: Iterable[x509.Certificate] = (),
        *,
        begins: datetime = NOW - DAY,
        ends: datetime = NOW + DAY,
        signed_by: ec.EllipticCurvePrivateKey | None = None,
    ) -> bytes:
        """A list of revoked certificates, in PEM form."""
        made = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        made = made.last_update(begins).next_update(ends)
        for each in certificates:
            revoked = x509.RevokedCertificateBuilder().serial_number(each.serial_number)
            made = made.add_revoked_certificate(revoked.revocation_date(NOW - DAY).build())
        signed = made.sign(signed_by or self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    def _issue(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        authority: bool = False,
        begins: datetime = NOW - DAY,
        ends: datetime = NOW + DAY,
    ) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
