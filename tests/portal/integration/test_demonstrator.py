"""A practice like the official Demonstrator: plain HTTP, no SSP, directory and PDS in files.

The sandbox's practice, behind a bridge that ends plain HTTP. The files are those of the guide.
"""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pytest_django import Settings

from booking_portal.checks import production_values
from booking_portal.oversight import environment_check
from gpconnect import directory, errors
from gpconnect.transport import TLS
from tests.connections import forget_connections
from tests.demo.processes import ROOT
from tests.portal.counter import Counter
from tests.portal.test_system_checks import declare
from tests.sandbox_control import Sandbox

EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture
def bridge(spine: Sandbox) -> Iterator[str]:
    """The address of plain HTTP in front of the sandbox's SSP; A20047 moves there."""
    made = spine.certificates
    session = requests.Session()
    session.trust_env = False
    session.cert = (str(made / "client.pem"), str(made / "client.key"))
    session.verify = str(made / "ca.pem")

    class Bridge(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            kept = {name: value for name, value in self.headers.items() if name != "Host"}
            url = f"{spine.ssp}/{address}{self.path}"
            answer = session.request(self.command, url, headers=kept, data=body or None)
            self.send_response(answer.status_code)
            for name in ("Content-Type", "ETag", "Location"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = _pass_on  # noqa: N815 - the library's names

        def log_message(self, *args: object) -> None:
            """Nothing: lines would hold queries."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bridge)
    server.daemon_threads = True
    address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    spine.register("A20047", service_root=f"{address}/A20047/STU3/1/gpconnect")
    yield address
    server.shutdown()
    server.server_close()
    thread.join()
    session.close()


@pytest.fixture
def demonstrator(bridge: str, settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    """The settings of the guide, with no certificate at all."""
    records = json.loads((EXAMPLES / "directory.json").read_text())
    root = str(records["A20047"]["service_root"])
    records["A20047"]["service_root"] = root.replace("http://localhost:19191", bridge)
    (tmp_path / "directory.json").write_text(json.dumps(records))
    declare("demonstrator", settings)
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "demo.pages"]
    settings.SECRET_KEY = "k9V2fQ7xW4rTzB8mNp3LsYh6JdC1gAe5UuKiRoXqPwMv0EnSbZ"
    settings.PLAIN_HTTP = True
    settings.GPCONNECT_SSP_URL = settings.PDS_TOKEN_URL = settings.PDS_KEY_ID = ""
    settings.GPCONNECT_DIRECTORY_API_KEY = ""
    settings.GPCONNECT_DIRECTORY_URL = (tmp_path / "directory.json").as_uri()
    settings.PDS_URL = (EXAMPLES / "patients.json").as_uri()
    for name in ("CLIENT_CERT", "CLIENT_KEY", "CA_BUNDLE", "REVOCATIONS"):
        setattr(settings, f"GPCONNECT_{name}", Path("/nowhere") / name)
    settings.PDS_PRIVATE_KEY = settings.NHS_API_CA_BUNDLE = None
    forget_connections()
    yield settings
    forget_connections()


@pytest.mark.django_db
@pytest.mark.requirement("SFS-5", "BOOK-1")
def test_from_the_first_search_to_a_booking_over_plain_http(
    demonstrator: Settings, counter: Counter, spine: Sandbox
) -> None:
    assert [error.msg for error in production_values()] == []
    counter.traces("9658218873")
    assert "Demonstrator: test patients only." in counter.searches("A20047").text
    command = counter.arrives_at_booking("A20047")
    assert command.state == "done"
    assert len(spine.appointments("A20047", "9658218873")) == 1
    steps = {step.part: step for step in environment_check.check_environment("A20047")}
    for part in ("settings", "files", "SDS", "capability statement", "slots", "PDS token"):
        assert steps[part].ok is True, steps[part]


@pytest.mark.requirement("SSP-3")
def test_a_practice_without_tls_is_not_in_a_directory_elsewhere() -> None:
    url = (EXAMPLES / "directory.json").as_uri()
    assert directory.from_url(url, tls=TLS(), plain_http=True).look_up("A20047").asid
    with pytest.raises(errors.MalformedRecord):
        directory.from_url(url, tls=TLS()).look_up("A20047")
