"""How the product's files hang together: `make structure`, or python -m bench.structure [ROOT].

ROOT is any checkout of the product, this one where none is named; so that an older version can be
held beside this one:

    git worktree add /tmp/before 9cae5a4
    .venv/bin/python -m bench.structure /tmp/before

Words, the same for every version:

- a *file*: a Python file with something in it, migrations left out.
- a *room* of a package: a file or a folder directly in it.
- an *arrow between rooms*: some file of the one imports some file of the other, in a function's
  body and for types too. An *arrow between files*: the same of two files.
- arrows that *run back up*: those of the smallest set, as near as grimp finds it, without which the
  rooms can be drawn on floors so that every arrow runs down; none where that is so already. Whether
  the floors are those that were meant is import-linter's to say (pyproject.toml).
- *floors*: how many there are, with those arrows gone. *Floors of files*: the same of all files of
  the package, a ring of them being on one.
- a *cycle*: files that import each other in a ring, however long; or rooms of one package that do,
  in whatever package of the product.
"""

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import grimp

from bench.figures import Figure

PRODUCT = ("booking_portal", "gpconnect")
MEASURED = ("booking_portal.commands", "booking_portal.appointments")

Arrow = tuple[str, str]
Arrows = Mapping[str, frozenset[str]]
"""By name, what each imports."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms of one package, and how they hang together."""

    package: str
    arrows: Arrows
    arrows_of_files: Arrows
    back_up: frozenset[Arrow]

    @classmethod
    def of(cls, graph: grimp.ImportGraph, package: str) -> "Rooms":
        """The rooms of the package as the graph has them."""
        files = frozenset({package} | graph.find_descendants(package))
        rooms = graph.find_children(package)
        arrows = {
            room: frozenset(
                other
                for other in rooms - {room}
                if graph.direct_import_exists(importer=room, imported=other, as_packages=True)
            )
            for room in rooms
        }
        between = {one: graph.find_modules_directly_imported_by(one) & files for one in files}
        back_up = {
            (_room_in(package, importer), _room_in(package, imported))
            for importer, imported in graph.nominate_cycle_breakers(package)
        }
        return cls(package, arrows, _frozen(between), frozenset(back_up))

    @property
    def floors(self) -> int:
        """How many floors the rooms are on, once no arrow runs back up."""
        return floors_of(
            {
                room: frozenset(to for to in imported if (room, to) not in self.back_up)
                for room, imported in self.arrows.items()
            }
        )

    def figures(self, root: Path) -> Iterator[Figure]:
        """What can be counted of them."""
        name = self.package.rpartition(".")[2]
        written = len(_written(root, self.arrows_of_files))
        yield Figure(f"{name}: rooms", len(self.arrows), "rooms")
        yield Figure(f"{name}: floors", self.floors, "floors")
        yield Figure(f"{name}: arrows between rooms", _number_of(self.arrows), "arrows")
        yield Figure(f"{name}: arrows that run back up", len(self.back_up), "arrows", 0)
        yield Figure(f"{name}: files", written, "files")
        yield Figure(f"{name}: floors of files", floors_of(self.arrows_of_files), "floors")
        yield Figure(f"{name}: arrows between files", _number_of(self.arrows_of_files), "arrows")


def floors_of(arrows: Arrows) -> int:
    """How many are on the longest way down; those in a ring count as one."""
    ring = {one: min(ring) for ring in rings(arrows) for one in ring}
    left: dict[str, set[str]] = {}
    for one, imported in arrows.items():
        below = left.setdefault(ring.get(one, one), set())
        below.update(ring.get(to, to) for to in imported)
    floors = 0
    while left:
        floors += 1
        left = {one: below for one, below in left.items() if (below - {one}) & left.keys()}
    return floors


def rings(arrows: Arrows) -> list[frozenset[str]]:
    """What can reach itself, each ring (or rings that meet) once: its strong components."""
    reached = {one: _reached(one, arrows) for one in arrows}
    found = {
        frozenset(other for other in reached[one] if one in reached[other])
        for one in arrows
        if one in reached[one]
    }
    return sorted(found, key=sorted)


def _reached(start: str, arrows: Arrows) -> set[str]:
    found: set[str] = set()
    queue = deque(arrows.get(start, ()))
    while queue:
        one = queue.popleft()
        if one not in found:
            found.add(one)
            queue.extend(arrows.get(one, ()))
    return found


def _number_of(arrows: Arrows) -> int:
    return sum(map(len, arrows.values()))


def _frozen(arrows: Mapping[str, set[str]]) -> Arrows:
    return {one: frozenset(imported) for one, imported in arrows.items()}


def _room_in(package: str, module: str) -> str:
    return ".".join(module.split(".")[: package.count(".") + 2])


def _written(root: Path, modules: Iterable[str]) -> list[Path]:
    """The files of the modules that have something in them."""
    paths = (root.joinpath(*module.split(".")) for module in modules)
    files = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py") for path in paths)
    return [file for file in files if file.stat().st_size]


def graph_of(root: Path) -> grimp.ImportGraph:
    """Who imports whom in the checkout, migrations left out; nothing of it is run."""
    sys.path.insert(0, str(root))
    try:
        graph = grimp.build_graph(*PRODUCT, cache_dir=None)
    finally:
        sys.path.remove(str(root))
    for module in {one for one in graph.modules if "migrations" in one.split(".")}:
        graph.remove_module(module)
    return graph


def main() -> None:
    """Print `name | value | goal | ok` (or `short`) a line; fails when a figure is short."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    graph = graph_of(root)
    measured = [Rooms.of(graph, package) for package in MEASURED]
    packages = sorted(one for one in graph.modules if graph.find_children(one))
    back_up = {one: graph.nominate_cycle_breakers(one) for one in packages}
    ringed = {one: arrows for one, arrows in back_up.items() if arrows}
    in_rings = rings(
        _frozen({one: graph.find_modules_directly_imported_by(one) for one in graph.modules})
    )
    figures = [
        *(figure for rooms in measured for figure in rooms.figures(root)),
        Figure("product: files", len(_written(root, graph.modules)), "files"),
        Figure("product: cycles of files", len(in_rings), "cycles", 0),
        Figure("product: packages with a cycle between their rooms", len(ringed), "packages", 0),
    ]
    for figure in figures:
        print(figure)
    for ring in in_rings:
        print(f"  files in a ring: {', '.join(sorted(ring))}")
    for package, arrows in ringed.items():
        for importer, imported in sorted(arrows):
            print(f"  back up in {package}: {importer} -> {imported}")
    short = sum(figure.short for figure in figures)
    sys.exit(f"{short} short" if short else 0)


if __name__ == "__main__":
    main()
