"""A patient as pages show them: never shortened, never guessed. [IG-5]"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from booking_portal.patients.models import Encounter
from booking_portal.patients.trace_fields import TracedName
from gpconnect import london, nhs_number
from gpconnect.models import PartialDate

GENDERS = {"male": "Male", "female": "Female", "other": "Other", "unknown": "Unknown"}
TRACE_WARNING = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PatientBanner:
    """The patient as every page about them shows them. `warning` is empty when all is well.

    `name_note` says that the name is not current; `died` is the sentence about a death, or empty.
    """

    name: str
    name_note: str
    born: str
    gender: str
    nhs_number: str
    superseded: bool
    deceased: bool
    died: str
    traced: str
    warning: str

    @classmethod
    def of(cls, encounter: Encounter, now: datetime | None = None) -> "PatientBanner":
        """The banner at the aware instant `now` (the present one when left out)."""
        now = now or timezone.now()
        return cls(
            name=full_name(encounter.name),
            name_note=LAST_KNOWN_NAME if encounter.name.ended else "",
            born=_born_of(encounter, london.today(now)),
            gender=GENDERS.get(encounter.gender, "Not given"),
            nhs_number=nhs_number.spaced(encounter.nhs_number),
            superseded=encounter.superseded,
            deceased=encounter.deceased,
            died=_died(encounter.died) if encounter.deceased else "",
            traced=moment(encounter.traced_at, now),
            warning=_warning(encounter.traced_at + settings.TRACE_LIFETIME, now),
        )


LAST_KNOWN_NAME = (
    "The last known name: the national record has no current one. Ask the patient for theirs."
)


def full_name(name: TracedName) -> str:
    """FAMILY, Given (Title), as PDS gave it; what it did not give is said. [IG-5, PDS-9]"""
    given = " ".join(name.given)
    if name.family:
        parts = f"{name.family.upper()}, {given}" if given else name.family.upper()
    elif given:
        parts = f"{given} (no family name given)"
    else:
        return name.text or "Name not given"
    return f"{parts} ({name.title})" if name.title else parts


def born(day: PartialDate | None, today: date) -> str:
    """dd-Mmm-yyyy with the age in whole years, or what is known of it. [IG-5, PDS-9]"""
    if day is None:
        return "Not given"
    if day.whole is None:
        return f"{dated(day)} (no full date in the national record)"
    return f"{dated(day)} (age {age(day.whole, today)})"


def dated(day: PartialDate) -> str:
    """dd-Mmm-yyyy, or Mmm-yyyy, or yyyy: as far as it is known."""
    if day.whole:
        return f"{day.whole:%d-%b-%Y}"
    return f"{day.first:%b-%Y}" if day.month else f"{day.year:04}"


def age(born_on: date, today: date) -> str:
    """In years; below two years in months, below two months in weeks."""
    months = (today.year - born_on.year) * 12 + today.month - born_on.month
    months -= today.day < born_on.day
    if months >= 24:
        return f"{months // 12}y"
    if months >= 2:
        return f"{months}m"
    return f"{(today - born_on).days // 7}w"


def _born_of(encounter: Encounter, today: date) -> str:
    """With the age today; of somebody who has died, with the age at death where it is known."""
    day, died = encounter.born, encounter.died
    if not encounter.deceased or day is None or day.whole is None:
        return born(day, today)
    if died and died.whole and died.whole >= day.whole:
        return f"{dated(day)} (age at death {age(day.whole, died.whole)})"
    return dated(day)


def _died(day: PartialDate | None) -> str:
    if day is None:
        return "It gives no date of death."
    return f"Died {'on' if day.whole else 'in'} {dated(day)}."


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
