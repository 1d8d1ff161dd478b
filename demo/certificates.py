"""The demo's certificate authority, certificates and keys.

    python -m demo.certificates DIRECTORY

They stand in for what Spine issues: a server certificate for the simulated Spine, the
portal's own client certificate, a client certificate of an authority that Spine does not
know, and an expired server certificate, so that refusals can be shown. PDS and the FHIR door of
SDS, which face the internet, have their certificate from another authority. [SSP-3]
"""

import ipaddress
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

LIFETIME = timedelta(days=365)
REMAKE_BEFORE = timedelta(days=7)

CURRENT = (
    "ca.pem",
    "server.pem",
    "client.pem",
    "api-ca.pem",
    "api-server.pem",
    "stranger-ca.pem",
    "stranger.pem",
)
FILES = (
    *CURRENT,
    "revocations.pem",
    "server.key",
    "client.key",
    "api-server.key",
    "stranger.key",
    "expired-server.pem",
    "expired-server.key",
    "pds-private.pem",
    "pds-public.pem",
)


def make(directory: Path) -> None:
    """Put the whole set into `directory`; keys are readable by their owner only.

    Does nothing when the set is there and every certificate that should be valid stays so for
    another seven days. Otherwise the whole set is made anew, so that it always fits together.
    """
    if _is_current(directory):
        return
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=directory, prefix=".making-") as made:
        _make_all(Path(made))
        for name in FILES:
            (Path(made) / name).replace(directory / name)


def _is_current(directory: Path) -> bool:
    if not all((directory / name).is_file() for name in FILES):
        return False
    needed_until = datetime.now(UTC) + REMAKE_BEFORE
    return all(
        x509.load_pem_x509_certificate((directory / name).read_bytes()).not_valid_after_utc
        > needed_until
        for name in CURRENT
    )


@dataclass(frozen=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def _make_all(directory: Path) -> None:
    now = datetime.now(UTC)
    authority = _authority(directory / "ca.pem", "Demo Spine authority", now)
    internet = _authority(directory / "api-ca.pem", "Demo internet authority", now)
    stranger = _authority(directory / "stranger-ca.pem", "An authority unknown to Spine", now)
    server, client = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    _issue(directory / "server", authority, "localhost", server, now + LIFETIME)
    _revoke_nothing(directory / "revocations.pem", authority, now)
    _issue(directory / "expired-server", authority, "localhost", server, now - timedelta(days=1))
    _issue(directory / "client", authority, "booking-portal.example.nhs.uk", client, now + LIFETIME)
    _issue(directory / "api-server", internet, "localhost", server, now + LIFETIME)
    _issue(directory / "stranger", stranger, "stranger.example.nhs.uk", client, now + LIFETIME)

    pds = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write_key(directory / "pds-private.pem", pds)
    (directory / "pds-public.pem").write_bytes(
        pds.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def _authority(path: Path, name: str, now: datetime) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    certificate = (
        _builder(subject, subject, key, key, now + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_certificate(path, certificate)
    return _Authority(certificate, key)


def _revoke_nothing(path: Path, authority: _Authority, now: datetime) -> None:
    """The authority's list of revoked certificates, empty, good for as long as the rest."""
    revocations = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - timedelta(hours=1))
        .next_update(now + LIFETIME)
        # Which key of that name: two lists lie side by side while an authority is renewed.
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
        .sign(authority.key, hashes.SHA256())
    )
    path.write_bytes(revocations.public_bytes(serialization.Encoding.PEM))


def _issue(
    stem: Path, authority: _Authority, name: str, usage: ObjectIdentifier, until: datetime
) -> None:
    """Write `stem`.pem and `stem`.key, valid until `until`; a server's also names this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if usage == ExtendedKeyUsageOID.SERVER_AUTH:
        # "sandbox" is the name of the container in docker-compose.yml.
        names += [x509.DNSName("sandbox"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        _builder(_name(name), authority.certificate.subject, key, authority.key, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    _write_certificate(stem.with_suffix(".pem"), certificate)
    _write_key(stem.with_suffix(".key"), key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - LIFETIME - timedelta(hours=1))
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )


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


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _write_certificate(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]))
