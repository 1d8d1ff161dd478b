"""How suppliers' systems differ where the specification lets them, or where they differ anyway.

Each practice's flavour is data: the object `flavour` in `data/practices.json`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sandbox.ids import Style, version_id


@dataclass(frozen=True, slots=True)
class Flavour:
    """The habits of one practice's system; the defaults are those of the specification's text."""

    ids: Style = "numeric"
    specification: Literal["1.2.7", "1.2.8"] = "1.2.7"
    """Which version it implements. Of 1.2.8 are services: sessions and appointments refer to them,
    `Read a healthcare service` answers, and the capability statement says whether they filter."""
    service_filtering: Literal["enabled", "organization-disabled", "supplier-disabled"] = "enabled"
    """Whether its services are switched on; otherwise it behaves as if it had none."""
    full: bool = False
    """Fills every element that the profiles of practitioners and organisations have. [READ-2]"""
    delivery_channel: Literal[1, 2] = 2
    """Which version of the delivery channel extension it writes; it reads both. [RES-4]"""
    extras: bool = False
    """Extensions and elements of its own in every resource, to be kept on writing back. [RES-2]"""
    telecom_as_object: bool = False
    """`Location.telecom` is an object, as in the specification's own example."""
    joins_text: bool = False
    """Description and comment are kept in one field. [BOOK-4]"""
    reason_limit: int | None = None
    """Characters kept of a cancellation reason. [CANCEL-1]"""
    keeps_identifier: bool = False
    """Gives back the consumer's own `Appointment.identifier`."""
    sensitive: Literal["empty", "not-found"] = "empty"
    """How a sensitive patient is denied. [FIND-2]"""
    inactive: Literal["reactivate", "duplicate"] = "reactivate"
    """What registering a patient with an inactive record does. [REG-3]"""
    compresses: bool = True
    """Sends gzip to a client that reads it."""
    chunked: bool = False
    """Sends the body in chunks, without a length."""
    error_codes: Literal["value-set", "code-system"] = "value-set"
    """The kind of URL that names the system of its error codes. [RES-4]"""
    date_only_end: Literal["whole-day", "midnight"] = "whole-day"
    """A date-only `le` of a search takes in that day, or ends at the midnight it begins with."""
    statuses: Mapping[str, int] = field(default_factory=dict)
    """The HTTP status that goes with an error code, where it is another than usual. [ERR-2]"""
    spellings: Mapping[str, str] = field(default_factory=dict)
    """How it spells an error code, where it is otherwise than usual. [ERR-2]"""
    letters: Literal["all", "latin-1"] = "all"
    """What its database can store: `?` stands for every other letter of a text. [BOOK-7]"""
    organisation_type: bool = True
    """Keeps the type of the booking organisation. [BOOK-3]"""
    put_of_unknown: Literal["refused", "ok"] = "refused"
    """A change of an appointment that it does not have is a 404, or a 200 with the refusal."""
    milliseconds: bool = False
    """The answer to a change names a version in milliseconds, the next read one in seconds."""
    breaks: bool = False
    """What it did not expect is a 500 with `BAD_REQUEST`: characters beyond the basic plane break
    it before it has saved where the description has one, after it where the comment has. [ERR-2]"""

    @property
    def has_services(self) -> bool:
        """Whether it tells of services at all."""
        return self.specification == "1.2.8" and self.service_filtering == "enabled"

    def version(self, number: int, *, just_written: bool = False) -> str:
        """How it writes a resource's `number`th version, in the answer to the write or later."""
        if not self.milliseconds:
            return version_id(self.ids, number)
        seconds = _FIRST_SECOND + number * 61
        return f"{seconds}{number * 137 % 1000 if just_written else 0:03d}"


_FIRST_SECOND = 1_700_000_000
