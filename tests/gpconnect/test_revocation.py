"""A server whose certificate has been revoked is not spoken to."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gpconnect import errors
from gpconnect.client import GPConnectClient
from gpconnect.transport import TLS, Transport
from tests.gpconnect.conftest import CAPABILITY, NOWHERE, REQUESTER, SHORT, a_booking
from tests.gpconnect.scripted_server import ScriptedServer, always, http

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass(frozen=True)
class Authority:
    """An authority of the test's own, whose key it keeps to sign revocations."""

    directory: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    @classmethod
    def made_in(cls, directory: Path) -> "Authority":
        authority = cls(directory, ec.generate_private_key(ec.SECP256R1()), named("An authority"))
        certificate = authority._issue(authority.name, authority.key, authority=True)
        authority.path("ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return authority

    def path(self, name: str) -> Path:
        return self.directory / name

    def server(self) -> x509.Certificate:
        """A certificate for localhost, in server.pem with its key in server.key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._issue(named("localhost"), key, authority=False)
        self.path("server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        self.path("server.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate

    def revokes(self, *certificates: x509.Certificate) -> Path:
        """A list of revoked certificates."""
        made = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        made = made.last_update(NOW - DAY).next_update(NOW + DAY)
        for each in certificates:
            revoked = x509.RevokedCertificateBuilder().serial_number(each.serial_number)
            made = made.add_revoked_certificate(revoked.revocation_date(NOW - DAY).build())
        signed = made.sign(self.key, hashes.SHA256())
        self.path("revoked.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        return self.path("revoked.pem")

    def _issue(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool
    ) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + DAY)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(self.key, hashes.SHA256())
        )


@pytest.mark.requirement("SSP-3")
def test_a_revoked_certificate_is_refused_and_a_good_one_is_not(tmp_path: Path) -> None:
    authority = Authority.made_in(tmp_path)
    certificate = authority.server()
    with ScriptedServer(always(http(CAPABILITY)), authority.path("server.pem")) as server:
        good = TLS(ca_bundle=authority.path("ca.pem"), revocations=authority.revokes())
        with Transport(server.url, good, SHORT) as transport:
            statement = GPConnectClient(transport, REQUESTER, NOWHERE).capability_statement()
        assert statement.fhir_version == "3.0.1"
        revoking = TLS(
            ca_bundle=authority.path("ca.pem"), revocations=authority.revokes(certificate)
        )
        with (
            Transport(server.url, revoking, SHORT) as transport,
            pytest.raises(errors.TLSFailure) as caught,
        ):
            GPConnectClient(transport, REQUESTER, NOWHERE).book_appointment(a_booking())
    assert caught.value.outcome_known
    assert len(server.received) == 1
