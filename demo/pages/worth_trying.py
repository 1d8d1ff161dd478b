"""What is worth trying in the demo: from its sample file and from the sandbox, if it is up."""

import os
from dataclasses import dataclass
from typing import Any

import requests

from demo.seed import SAMPLE
from gpconnect import nhs_number

ANSWER_WITHIN_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the demo."""

    username: str
    name: str
    roles: tuple[str, ...]
    shows: str


@dataclass(frozen=True, slots=True)
class Patient:
    """One synthetic patient, with what finding them shows."""

    nhs_number: str
    name: str
    born: str
    practice: str
    shows: str


@dataclass(frozen=True, slots=True)
class PracticeLine:
    """One practice of the sandbox."""

    ods_code: str
    name: str
    town: str
    telephone: str


def accounts() -> list[Account]:
    """The accounts of the sample file."""
    names = {one["ods_code"]: one["name"] for one in SAMPLE["organisations"]}
    return [
        Account(
            row["username"],
            " ".join((row["title"], row["given"], row["family"])),
            tuple(
                f"{role.replace('_', ' ')} at {names[code]}" for code, role in row["roles"].items()
            ),
            row["shows"],
        )
        for row in SAMPLE["accounts"]
    ]


def practices() -> list[PracticeLine]:
    """The practices of the sample file."""
    return [
        PracticeLine(row["ods_code"], row["name"], row["town"], row["telephone"])
        for row in SAMPLE["practices"]
    ]


def patients() -> list[Patient]:
    """The patients that the sandbox says something about; none when it does not answer."""
    port = os.environ.get("CONTROL_PORT", "")
    control = os.environ.get("SANDBOX_CONTROL") or (port and f"http://127.0.0.1:{port}")
    if not control:
        return []
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{control}/patients", timeout=ANSWER_WITHIN_SECONDS)
            answer.raise_for_status()
            found = answer.json()
    except (requests.RequestException, ValueError):
        return []
    listed = found["patients"] if isinstance(found, dict) else found
    return [_patient(row) for row in listed if row.get("note")]


def _patient(row: dict[str, Any]) -> Patient:
    given = " ".join(row["given"])
    born = "-".join(reversed(row["birth_date"].split("-")))
    return Patient(
        nhs_number.spaced(row["nhs_number"]),
        f"{row['family'].upper()}, {given}",
        born.replace("-", " "),
        row.get("practice") or row.get("registered_practice") or "",
        row["note"],
    )
