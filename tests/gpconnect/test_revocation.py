"""A server whose certificate has been revoked is not spoken to."""

from pathlib import Path

import pytest

from gpconnect import errors
from gpconnect.client import GPConnectClient
from gpconnect.transport import TLS, Transport
from tests.authority import Authority
from tests.gpconnect.conftest import CAPABILITY, NOWHERE, REQUESTER, SHORT, a_booking
from tests.gpconnect.scripted_server import ScriptedServer, always, http


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
