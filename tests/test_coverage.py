"""What `make coverage` prints: each room in a line, and never more than was reached."""

from typing import Any

from tests.coverage import lines, room_of


def a_file(lines: tuple[int, int], branches: tuple[int, int]) -> dict[str, Any]:
    """As coverage's JSON report has it; each pair is how many were reached, of how many."""
    summary = {
        "covered_lines": lines[0],
        "num_statements": lines[1],
        "covered_branches": branches[0],
        "num_branches": branches[1],
        "percent_covered": 12.5,
        "percent_covered_display": "12",
    }
    return {"summary": summary}


def test_a_line_a_room_and_a_whole_hundred_only_where_all_is_reached() -> None:
    files = {
        "gpconnect/client.py": a_file((999, 1000), (1, 3)),
        "gpconnect/fhir/slots.py": a_file((0, 0), (1, 1)),
        "booking_portal/commands/sagas/start.py": a_file((7, 7), (0, 0)),
        "booking_portal/commands/states.py": a_file((3, 3), (0, 0)),
        "booking_portal/urls.py": a_file((0, 5), (0, 2)),
    }
    assert lines(files) == [
        "coverage of booking_portal | 0 % of lines, 0 % of branches | 5 lines, 2 branches",
        "coverage of booking_portal/commands | 100 % of lines, 100 % of branches"
        " | 10 lines, 0 branches",
        "coverage of gpconnect | 99 % of lines, 50 % of branches | 1000 lines, 4 branches",
    ]


def test_the_folders_of_the_portal_are_rooms_and_those_of_others_are_not() -> None:
    assert room_of("booking_portal/commands/delivery/sender.py") == "booking_portal/commands"
    assert room_of("sandbox/provider/slots.py") == "sandbox"
