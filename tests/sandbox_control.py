"""The tests' view of the sandbox: where it listens, and its control address."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import requests

Json = Any
"""Parsed JSON, as the sandbox's control address gives it."""


class Sandbox:
    """Where the sandbox listens, and what a test may ask of it behind the portal's back."""

    def __init__(self, addresses: Mapping[str, str], certificates: Path) -> None:
        self.ssp = addresses["ssp"]
        self.sds = addresses["sds"]
        self.ldap = addresses["ldap"]
        self.pds = addresses["pds"]
        self.pds_token = addresses["pds_token"]
        self.control = addresses["control"]
        self.certificates = certificates
        self._session = requests.Session()
        self._session.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def reset(self, now: datetime | None = None) -> None:
        """Back to the seeded state: no faults, no exchanges, no appointments but the seeded.

        The state is today's, by the real clock; or that of `now` (aware), where the clock begins.
        """
        self._ask("POST", "/reset", params={"now": _written(now)} if now else {})

    def set_clock(self, now: datetime) -> None:
        """Let it be that (aware) moment in the sandbox, and leave all else; a reset ends it."""
        self._ask("PUT", "/clock", json={"now": _written(now)})

    def renew(self, certificates: Path, **pds_key_id: str) -> None:
        """Take over the certificates, authority and PDS key (its pds_key_id=) of another folder."""
        self._ask("PUT", "/certificates", json={"directory": str(certificates), **pds_key_id})

    def now(self) -> datetime:
        """The sandbox's time."""
        return datetime.fromisoformat(self._ask("GET", "/clock")["now"])

    def exchanges(self) -> list[Json]:
        """The requests that the SSP received, raw, oldest first."""
        return self._listed(self._ask("GET", "/exchanges"), "exchanges")

    def clear_exchanges(self) -> None:
        self._ask("DELETE", "/exchanges")

    def exchanges_in_brief(self) -> list[Json]:
        """The last hundred thousand: trace id, instant, use case, practice, status, fault."""
        return self._listed(self._ask("GET", "/exchanges/brief"), "exchanges")

    def chronicle(self, after: int = 0) -> list[Json]:
        """Every version of every appointment and patient's record, in the order of writing."""
        return self._listed(self._ask("GET", "/chronicle", params={"after": after}), "entries")

    def fault(self, **fault: Json) -> None:
        """Ask for a fault: practice= or service=, use_case=, kind=, times=, probability=."""
        self._ask("PUT", "/faults", json=fault)

    def sign_in(self, session_urid: str) -> str:
        """The CIS2 access token of a user who has signed in with this role profile."""
        token = self._ask("POST", "/sign-ins", json={"session_urid": session_urid})["access_token"]
        return str(token)

    def faults(self) -> list[Json]:
        """The faults that were asked for, each with how often it `happened`."""
        return self._listed(self._ask("GET", "/faults"), "faults")

    def clear_faults(self) -> None:
        self._ask("DELETE", "/faults")

    def appointments(self, ods_code: str, nhs_number: str) -> list[Json]:
        """What the practice itself has recorded for the patient."""
        path = f"/practices/{ods_code}/appointments"
        answer = self._ask("GET", path, params={"nhs_number": nhs_number})
        return self._listed(answer, "appointments")

    def patients(self, practice: str | None = None) -> list[Json]:
        """The synthetic patients, of one practice or of all."""
        params = {"practice": practice} if practice else {}
        return self._listed(self._ask("GET", "/patients", params=params), "patients")

    def pds_answers(self, record: Json) -> None:
        """PDS answers this FHIR resource of the patient whose number is its id, until reset."""
        self._ask("PUT", f"/pds/{record['id']}", json=record)

    def practices(self) -> list[Json]:
        """The practices, with the flavour of each one's system."""
        return self._listed(self._ask("GET", "/practices"), "practices")

    def register(self, ods_code: str, **changed: str) -> None:
        """The practice changes its system: its asid=, its service_root=, or both."""
        self._ask("PUT", f"/practices/{ods_code}/registration", json=changed)

    def take_slot(self, ods_code: str, slot_id: str) -> None:
        """Another patient takes the slot."""
        self._ask("POST", f"/practices/{ods_code}/slots/{slot_id}/take")

    def start_again(self, ods_code: str) -> None:
        """The practice's nightly reset: its appointments are gone, its ids come round again."""
        self._ask("POST", f"/practices/{ods_code}/start-again")

    def rewrite(self, ods_code: str, appointment_id: str, **elements: Json) -> None:
        """The practice's desk writes elements of an appointment anew; None takes one out."""
        self._ask("PATCH", f"/practices/{ods_code}/appointments/{appointment_id}", json=elements)

    def _ask(self, method: str, path: str, **options: Any) -> Json:
        answer = self._session.request(method, self.control + path, timeout=30, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    @staticmethod
    def _listed(answer: Json, name: str) -> list[Json]:
        found = answer[name] if isinstance(answer, dict) else answer
        return list(found)


def _written(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo("Europe/London")).isoformat(timespec="seconds")
