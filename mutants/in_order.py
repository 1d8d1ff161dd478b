"""A pytest plugin that runs the tests that the file $MUTANTS_ORDER names, in its order."""

import json
import os
from pathlib import Path

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    wanted = {
        test: place
        for place, test in enumerate(json.loads(Path(os.environ["MUTANTS_ORDER"]).read_text()))
    }
    items[:] = sorted(
        (item for item in items if item.nodeid in wanted), key=lambda item: wanted[item.nodeid]
    )
