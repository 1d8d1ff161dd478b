"""The images of others that the product is built on and runs beside, and the files that name them.

They are named `name:version`, and `name:version@sha256:...` once `make digests` has pinned them. An
image without a version is the product's own.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILES: Final = ("Dockerfile", "docker-compose.yml", "kubernetes/*.yaml")
_NAMED: Final = re.compile(
    r"^(?P<before>FROM +(?:--\S+ +)*|[ \t]*(?:- )?image: +)"
    r"(?P<image>(?:[\w.-]+:\d+/)?[a-z0-9][\w./-]*:[\w.-]+)(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
    r"(?=\s|$)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Named:
    """One place that names a base image; `digest` is empty where it is not pinned."""

    file: Path
    image: str
    digest: str

    def __str__(self) -> str:
        """As the engine is asked for it."""
        return f"{self.image}@{self.digest}" if self.digest else self.image


def named(root: Path) -> list[Named]:
    """Every place in the clone at `root` that names a base image."""
    return [
        Named(file, found["image"], found["digest"] or "")
        for file in _files(root)
        for found in _NAMED.finditer(file.read_text())
    ]


def pin(root: Path, digests: Mapping[str, str]) -> None:
    """Write each image's digest wherever it is named: into every file, or into none.

    Raises: OSError when a file cannot be written; then all of them are as before.
    """
    new: dict[Path, Path] = {}
    try:
        for file in _files(root):
            before = file.read_text()
            text = _NAMED.sub(
                lambda found: f"{found['before']}{found['image']}@{digests[found['image']]}", before
            )
            if text != before:
                new[file] = file.with_name(f"{file.name}.new")
                new[file].write_text(text)
                shutil.copymode(file, new[file])
        for file, written in new.items():
            written.replace(file)
    finally:
        for written in new.values():
            if written.is_file():
                written.unlink()


def _files(root: Path) -> Iterator[Path]:
    for pattern in FILES:
        yield from sorted(root.glob(pattern))
