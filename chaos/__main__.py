"""Prints `name | value | goal | ok` (or `short`) a line; fails when a figure is short."""
# ruff: noqa: T201 - it reports to a terminal

import sys
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from bench.figures import Figure
from chaos import answers, memory
from demo import certificates


def main() -> None:
    short = 0
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory)
        certificates.make(made)
        figures: Iterator[Figure] = chain(memory.figures(made), answers.figures(made))
        for figure in figures:
            print(figure, flush=True)
            short += figure.short
    sys.exit(f"{short} short" if short else 0)


if __name__ == "__main__":
    main()
