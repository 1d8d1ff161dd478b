"""An offer: a free slot at a practice, in the form that pages carry and commands keep."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, Final

from django.core import signing

from gpconnect import london
from gpconnect.models import FreeSlot, PracticeTime


class NotBookable(Exception):
    """The chosen slots cannot be booked; the text says why, in words for the user."""


class SlotInThePast(NotBookable):
    """[BOOK-1, SFS-7]"""


class SlotsNotAdjacent(NotBookable):
    """[BOOK-6]"""


class DoubtfulTime(NotBookable):
    """[SFS-6]"""


@dataclass(frozen=True)
class Offer:
    """A free slot with all fields of SFS-5, as text; empty where the practice gave nothing.

    `starts` and `ends` are the practice's own texts; `system` is the one that the ids are from.
    """

    practice_ods: str
    slot_id: str
    starts: str
    ends: str
    schedule_id: str = ""
    slot_type: str = ""
    schedule_type: str = ""
    delivery_channel: str = ""
    practitioner_role: str = ""
    practitioner_role_code: str = ""
    practitioner_id: str = ""
    practitioner_name: str = ""
    practitioner_gender: str = ""
    location_id: str = ""
    location_name: str = ""
    location_address: tuple[str, ...] = ()
    location_telephone: str = ""
    system: str = ""
    service_id: str = ""  # of a practice of version 1.2.8
    service_name: str = ""

    @cached_property
    def start(self) -> PracticeTime:
        """When it starts."""
        return PracticeTime.read(self.starts)

    @cached_property
    def end(self) -> PracticeTime:
        """When it ends."""
        return PracticeTime.read(self.ends)

    @property
    def minutes(self) -> int | None:
        """Its length; None when a time has no instant, or the end is no later than the start."""
        if self.start.instant is None or self.end.instant is None or self._ends_too_early:
            return None
        return int((self.end.instant - self.start.instant).total_seconds() // 60)

    @property
    def doubt(self) -> str:
        """Why its times cannot be relied on; empty when they can. [SFS-6]"""
        if self._ends_too_early:
            return "The practice gave an end that is not after the start."
        return self.start.doubt or self.end.doubt or ""

    @property
    def _ends_too_early(self) -> bool:
        start, end = self.start.instant, self.end.instant
        return start is not None and end is not None and end <= start

    def as_json(self) -> dict[str, Any]:
        """The offer for storage, without what is empty."""
        return {name: getattr(self, name) for name in _NAMES if getattr(self, name)}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Offer":
        """The offer that `as_json` stored."""
        address = tuple(kept.get("location_address", ()))
        return cls(**kept | {"location_address": address})

    def signed(self, encounter_id: uuid.UUID) -> str:
        """The offer as a form of this encounter carries it: it cannot be changed, nor used in
        another.

        A list in the order of the fields: a page may carry a thousand of them.
        """
        return _signer(encounter_id).sign_object(
            [getattr(self, name) for name in _NAMES], compress=True
        )

    @classmethod
    def from_signed(cls, text: str, encounter_id: uuid.UUID) -> "Offer":
        """The offer from a form.

        Raises: NotBookable when it is not one that this portal signed for this encounter.
        """
        try:
            values = _signer(encounter_id).unsign_object(text)
            return cls.from_json(dict(zip(_NAMES, values, strict=True)))
        except (signing.BadSignature, TypeError, ValueError):
            raise NotBookable("Choose a slot from the list again.") from None


@lru_cache(maxsize=256)
def _signer(encounter_id: uuid.UUID) -> signing.Signer:
    return signing.Signer(salt=f"booking_portal.slots.offer:{encounter_id}")


_NAMES = tuple(field.name for field in fields(Offer))
NO_NAMES: Final[Mapping[str, str]] = {}


def offer_of(
    slot: FreeSlot, practice_ods: str, system: str = "", services: Mapping[str, str] = NO_NAMES
) -> Offer:
    """The offer that a free slot of this system makes; `services` are names by id."""
    practitioner, location, service = slot.practitioner, slot.location, slot.service
    offer = Offer(
        practice_ods=practice_ods,
        slot_id=slot.id,
        starts=slot.start.written,
        ends=slot.end.written,
        schedule_id=slot.schedule_id or "",
        slot_type=slot.slot_type or "",
        schedule_type=slot.schedule_type or "",
        delivery_channel=slot.delivery_channel or "",
        practitioner_role=slot.practitioner_role or "",
        practitioner_role_code=slot.practitioner_role_code or "",
        system=system,
    )
    if practitioner is not None:
        offer = replace(
            offer,
            practitioner_id=practitioner.id,
            practitioner_name=practitioner.display_name,
            practitioner_gender=practitioner.gender or "",
        )
    if location is not None:
        offer = replace(
            offer,
            location_id=location.id,
            location_name=location.name or "",
            location_address=location.address.as_lines() if location.address else (),
            location_telephone=location.telephone or "",
        )
    if service is not None:
        name = service.name or services.get(service.id, "")
        offer = replace(offer, service_id=service.id, service_name=name)
    return offer


def starts_at(offer: Offer) -> datetime:
    """The instant of a bookable offer's start, in UTC.

    Raises: DoubtfulTime when the practice's text has none.
    """
    if offer.start.instant is None:
        raise DoubtfulTime("The practice gave a start that cannot be relied on.")
    return offer.start.instant


def in_order(offers: list[Offer]) -> list[Offer]:
    """By instant; those without one last, as written."""
    return sorted(
        offers,
        key=lambda offer: (
            (0, offer.start.instant.timestamp(), offer.starts)
            if offer.start.instant
            else (1, 0.0, offer.starts)
        ),
    )


def follows(after: Offer, before: Offer) -> bool:
    """Whether the two can be booked together, `after` right behind `before`. [BOOK-6]"""
    return (
        before.end.instant is not None
        and before.end.instant == after.start.instant
        and before.practice_ods == after.practice_ods
        and before.schedule_id == after.schedule_id
        and before.delivery_channel == after.delivery_channel
        and before.slot_type == after.slot_type
    )


def require_bookable(offers: list[Offer]) -> list[Offer]:
    """The chosen offers in order, if they can make one appointment.

    Raises: NotBookable, SlotInThePast, SlotsNotAdjacent, DoubtfulTime. [BOOK-1, BOOK-6, SFS-6]
    """
    if not offers:
        raise NotBookable("Choose a slot.")
    chosen = in_order(offers)
    for offer in chosen:
        if offer.doubt:
            raise DoubtfulTime(f"This slot cannot be booked here. {offer.doubt}")
        if offer.start.instant is None or offer.start.instant <= london.now_utc():
            raise SlotInThePast("This slot has already started. Choose a later one.")
        if not offer.location_id:
            raise NotBookable("The practice gave no location for this slot. Choose another.")
    for before, after in pairwise(chosen):
        if not follows(after, before):
            raise SlotsNotAdjacent(
                "Slots booked together must follow each other without a gap, in the same "
                "session, by the same channel and of the same type."
            )
    return chosen
