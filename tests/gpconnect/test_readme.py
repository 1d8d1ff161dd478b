"""The example of the library's README runs as it stands, but for its addresses."""

import re
from pathlib import Path

import pytest

import gpconnect
from tests.sandbox_control import Sandbox


def readme_example(sandbox: Sandbox) -> str:
    """The example, led to the sandbox."""
    readme = (Path(gpconnect.__file__).parent / "README.md").read_text()
    [example] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    for theirs, ours in (
        ('"certificates"', repr(str(sandbox.certificates))),
        ("https://ssp.example", sandbox.ssp),
        ("https://sds.example/FHIR/R4", sandbox.sds),
        ('"..."', '"sandbox-sds-key"'),
        ("https://consumer.example.nhs.uk", "https://booking-portal.example.nhs.uk"),
    ):
        assert theirs in example
        example = example.replace(theirs, ours)
    return str(example)


def test_the_readmes_example_books_at_the_sandbox(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    namespace: dict[str, object] = {}
    exec(compile(readme_example(sandbox), "README.md", "exec"), namespace)
    namespace["sds"].close()  # type: ignore[attr-defined]
    assert re.fullmatch(r"booked \d\d:\d\d\n", capsys.readouterr().out)
    assert len(sandbox.appointments("A20047", "9658218873")) == 1
