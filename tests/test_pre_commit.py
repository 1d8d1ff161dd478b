"""What runs before a commit is what `make test` runs beside the tests, and nothing else."""

from pathlib import Path

import yaml

from tests.everything import CHECKS, ROOT

HOOKS = ROOT / ".pre-commit-config.yaml"


def test_the_hooks_are_the_checks_of_make_test() -> None:
    [local] = yaml.safe_load(HOOKS.read_text())["repos"]
    assert local["repo"] == "local"
    commands = {hook["name"]: hook["entry"] for hook in local["hooks"]}
    assert commands == {name: f".venv/bin/{' '.join(check)}" for name, check in CHECKS.items()}
    assert len({hook["id"] for hook in local["hooks"]}) == len(CHECKS)
    for hook in local["hooks"]:
        assert (hook["language"], hook["pass_filenames"]) == ("system", False)
        assert (ROOT / Path(hook["entry"].split()[0])).exists()
