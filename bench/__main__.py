"""Prints `name | value | goal | ok` (or `short`) a line; fails when a figure is short."""
# ruff: noqa: T201 - it reports to a terminal

import sys
from collections.abc import Iterator
from itertools import chain

from bench import booking, exchange, reading, whole_booking
from bench.figures import Figure


def main() -> None:
    figures: Iterator[Figure] = chain(
        reading.figures(), exchange.figures(), booking.figures(), whole_booking.figures()
    )
    short = 0
    for figure in figures:
        print(figure, flush=True)
        short += figure.short
    print(f"\n{whole_booking.LEAVES_OUT}")
    sys.exit(f"{short} short" if short else 0)


if __name__ == "__main__":
    main()
