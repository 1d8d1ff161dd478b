"""`make structure`: rings, floors and arrows that run back up, on a small made house."""

import grimp
import pytest

from bench.structure import Arrows, Rooms, floors_of, rings


def drawn(*arrows: str) -> Arrows:
    """From "a b": a imports b."""
    pairs = [arrow.split() for arrow in arrows]
    names = {name for pair in pairs for name in pair}
    return {name: frozenset(to for one, to in pairs if one == name) for name in names}


def house(*arrows: str) -> grimp.ImportGraph:
    """A package `house` with these imports between its files."""
    graph = grimp.ImportGraph()
    for pair in (arrow.split() for arrow in arrows):
        for module in pair:
            parts = f"house.{module}".split(".")
            for end in range(1, len(parts) + 1):
                graph.add_module(".".join(parts[:end]))
        graph.add_import(importer=f"house.{pair[0]}", imported=f"house.{pair[1]}")
    return graph


def test_files_that_reach_themselves_are_a_ring_however_long() -> None:
    assert rings(drawn("a b", "b c", "c a", "c d", "e a")) == [{"a", "b", "c"}]
    assert rings(drawn("a b", "b a", "c d", "d c")) == [{"a", "b"}, {"c", "d"}]
    assert rings(drawn("a b", "a c", "b d", "c d")) == []


@pytest.mark.parametrize(
    ("arrows", "floors"),
    [
        (("a b", "a c"), 2),
        (("a b", "b c", "a c"), 3),
        (("a b", "b a"), 1),
        (("top a", "a b", "b a", "b cellar"), 3),
    ],
)
def test_floors_are_those_of_the_longest_way_down(arrows: tuple[str, ...], floors: int) -> None:
    assert floors_of(drawn(*arrows)) == floors


def test_rooms_that_need_each_other_have_an_arrow_that_runs_back_up() -> None:
    one_way = Rooms.of(house("attic.bed hall", "attic.chair hall", "hall cellar.wine"), "house")
    assert (one_way.floors, one_way.back_up) == (3, frozenset())
    assert one_way.arrows["house.attic"] == {"house.hall"}

    back = Rooms.of(
        house("attic.bed hall", "attic.chair hall", "hall cellar.wine", "hall attic.lamp"), "house"
    )
    assert back.back_up == {("house.hall", "house.attic")}
    assert back.floors == 3


def test_a_ring_of_rooms_without_a_ring_of_files_is_told() -> None:
    rooms = Rooms.of(house("attic.bed hall.door", "hall.stairs attic.lamp"), "house")

    assert rings(rooms.arrows_of_files) == []
    assert len(rooms.back_up) == 1
