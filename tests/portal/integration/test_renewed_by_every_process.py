"""Web and worker as real processes take renewed files over, and say what they refuse."""

import shutil
from pathlib import Path

import pytest
import requests

from tests.demo.processes import until
from tests.own_database import OwnDatabase
from tests.portal.monitor import headers
from tests.real_processes import Processes
from tests.sandbox_control import Sandbox


@pytest.mark.long
@pytest.mark.requirement("SSP-3")
def test_every_process_takes_renewed_files_over(
    own_database: OwnDatabase, sandbox: Sandbox, tmp_path: Path
) -> None:
    files = tmp_path / "certificates"
    shutil.copytree(sandbox.certificates, files)
    processes = Processes(
        tmp_path,
        own_database.url,
        GPCONNECT_REVOCATIONS=str(files / "revocations.pem"),
        NHS_API_CA_BUNDLE=str(files / "api-ca.pem"),
    )

    def refused() -> tuple[list[str], list[str]]:
        """By web and by the worker that was seen last."""
        address = f"{processes.address}/healthz"
        parts = requests.get(address, headers=headers(), timeout=10).json()["parts"]
        return parts["certificates"]["refused"], parts["worker"]["refused"]

    processes.start_worker()
    processes.start_web()
    try:
        good = (files / "revocations.pem").read_bytes()
        assert until(lambda: refused() == ([], []), 60)
        (files / "revocations.pem").write_bytes(good[:-40])
        said = ["files for the Spine: revocations.pem is cut short"]
        assert until(lambda: refused() == (said, said), 60), processes.log()
        (files / "revocations.pem").write_bytes(good)
        assert until(lambda: refused() == ([], []), 60), processes.log()
        assert processes.running()  # none was started anew
    finally:
        processes.stop()
