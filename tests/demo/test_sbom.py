"""The bill of materials names what the image's requirements name, and nothing else."""

import json
import re

from containers import sbom
from tests.demo.processes import ROOT


def test_every_python_package_of_the_image_is_listed_with_its_hashes() -> None:
    pinned = dict(
        re.findall(r"^([\w.-]+)==(\S+) \\$", (ROOT / "requirements.txt").read_text(), re.M)
    )
    listed = sbom.python_packages()
    assert listed["bomFormat"] == "CycloneDX"
    assert {one["name"]: one["version"] for one in listed["components"]} == pinned
    for one in listed["components"]:
        assert one["externalReferences"][0]["hashes"], one["name"]


def test_every_front_end_package_of_the_image_is_listed_and_none_of_the_tests() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    wanted = {
        name.rpartition("node_modules/")[2]: package["version"]
        for name, package in locked.items()
        if name and not package.get("dev")
    }
    listed = sbom.web_packages()
    assert listed["bomFormat"] == "CycloneDX"
    assert {one["name"]: one["version"] for one in listed["components"]} == wanted
    assert "nhsuk-frontend" in wanted
