"""A patient as pages show them: never shortened, never guessed. [IG-5]"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from booking_portal.patients.models import Encounter, TracedName
from booking_portal.practices.models import Practice
from gpconnect import london, nhs_number

GENDERS = {"male": "Male", "female": "Female", "other": "Other", "unknown": "Unknown"}
TRACE_WARNING = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PatientBanner:
    """The patient as every page about them shows them. `warning` is empty when all is well."""

    name: str
    born: str
    gender: str
    nhs_number: str
    superseded: bool
    deceased: bool
    traced: str
    warning: str

    @classmethod
    def of(cls, encounter: Encounter, now: datetime | None = None) -> "PatientBanner":
        """The banner at the aware instant `now` (the present one when left out)."""
        now = now or timezone.now()
        return cls(
            name=full_name(encounter.name),
            born=born(encounter.birth_date, london.today(now)),
            gender=GENDERS.get(encounter.gender, "Not given"),
            nhs_number=nhs_number.spaced(encounter.nhs_number),
            superseded=encounter.superseded,
            deceased=encounter.deceased,
            traced=moment(encounter.traced_at, now),
            warning=_warning(encounter.traced_at + settings.TRACE_LIFETIME, now),
        )


@dataclass(frozen=True, slots=True)
class RegisteredPractice:
    """Where PDS says that the patient is registered; `practice` is None unless it is one of ours.

    `ods_code` is empty where PDS gives no registered practice.
    """

    ods_code: str
    practice: Practice | None


def full_name(name: TracedName) -> str:
    """FAMILY, Given (Title), as PDS gave it. [IG-5]"""
    parts = name.family.upper() or "Name not given"
    if name.given:
        parts += f", {' '.join(name.given)}"
    return f"{parts} ({name.title})" if name.title else parts


def born(day: date | None, today: date) -> str:
    """dd-Mmm-yyyy with the age in whole years, or what is known of it. [IG-5]"""
    if day is None:
        return "Not given"
    return f"{day:%d-%b-%Y} (age {age(day, today)})"


def age(born_on: date, today: date) -> str:
    """In years; below two years in months, below two months in weeks."""
    months = (today.year - born_on.year) * 12 + today.month - born_on.month
    months -= today.day < born_on.day
    if months >= 24:
        return f"{months // 12}y"
    if months >= 2:
        return f"{months}m"
    return f"{(today - born_on).days // 7}w"


def moment(instant: datetime, now: datetime) -> str:
    """A time of today as 14:05, of another day with the date; London's clock."""
    local, today = instant.astimezone(london.LONDON), london.today(now)
    return f"{local:%H:%M}" if local.date() == today else f"{local:%H:%M on {local.day} %B}"


def _warning(ends: datetime, now: datetime) -> str:
    if now >= ends:
        return "The trace is more than 24 hours old. Trace the patient again before going on."
    if ends - now <= TRACE_WARNING:
        return f"The trace runs out at {ends.astimezone(london.LONDON):%H:%M}. Trace again soon."
    return ""
