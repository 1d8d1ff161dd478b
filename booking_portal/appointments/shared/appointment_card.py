"""An appointment as pages show it, whether the practice holds it or we ask for it. [RET-2]"""

from dataclasses import dataclass, replace

from booking_portal.appointments.shared import formatting
from booking_portal.commands.appointment_status import BOOKED, CANCELLED, status_in_words
from booking_portal.commands.client_values import last_read
from booking_portal.commands.deviations import (
    acknowledged_name,
    is_another_person,
    is_another_place,
    is_another_service,
)
from booking_portal.commands.models import Command
from booking_portal.commands.requests.appointment_reads import NamedResources
from booking_portal.commands.states import Kind
from booking_portal.slots.offers import Offer
from gpconnect import london
from gpconnect.models import (
    Appointment,
    DeliveryChannel,
    HealthcareService,
    Location,
    PracticeTime,
    Practitioner,
    channels,
)


@dataclass(frozen=True, slots=True)
class AppointmentCard:
    """All that a page says of one appointment; empty text where the practice gave nothing."""

    appointment_id: str
    start: PracticeTime
    day: str
    time: str
    minutes: int | None
    doubt: str
    channel: str
    role: str
    practitioner: str
    gender: str
    location: str
    address: str
    location_telephone: str
    slot_type: str
    schedule_type: str
    service: str
    status: str
    booked: bool
    cancelled: bool
    started: bool
    booked_by: str
    description: str
    comment: str
    cancellation_reason: str

    @property
    def changeable(self) -> bool:
        """Whether it may be amended and cancelled. [AMEND-1, CANCEL-2, READ-1]"""
        return self.booked and not self.started and self.start.instant is not None

    @property
    def stands(self) -> bool:
        """Whether it is booked, or nobody has said otherwise."""
        return self.booked or not self.status

    @property
    def why_not_changeable(self) -> str:
        """Why nothing can be changed here; empty where it can be, or where nobody can tell."""
        if self.cancelled:
            return "It is cancelled"
        if self.started:
            return "It has started"
        if not self.booked:
            return f"The practice has it as “{self.status or formatting.NOT_GIVEN}”, not as booked"
        return "" if self.changeable else "The practice gave a start that cannot be relied on"

    @property
    def short_day(self) -> str:
        """Tue 24 Nov."""
        return formatting.short_date(self.start.local_date) if self.start.local_date else ""

    @property
    def who(self) -> str:
        """With whom: name and role as far as given."""
        if self.practitioner and self.role:
            return f"{self.practitioner} ({self.role})"
        return self.practitioner or self.role

    @property
    def by_telephone(self) -> bool:
        """Whether the practice rings the patient, or may. [BOOK-11]"""
        return DeliveryChannel.TELEPHONE in channels(self.channel)

    def at(
        self,
        location: Location | None,
        practitioner: Practitioner | None,
        service: HealthcareService | None = None,
    ) -> "AppointmentCard":
        """The same with what was looked up at the practice."""
        card = self
        if location is not None:
            card = replace(
                card,
                location=location.name or "",
                address=", ".join(location.address.as_lines()) if location.address else "",
                location_telephone=location.telephone or "",
            )
        if practitioner is not None:
            card = replace(
                card,
                practitioner=practitioner.display_name,
                gender=formatting.gender_of(practitioner.gender),
                role=card.role or ", ".join(practitioner.roles),
            )
        if service is not None:
            card = replace(card, service=service.name or formatting.NAMELESS_SERVICE)
        return card


def card_of(appointment: Appointment) -> AppointmentCard:
    """The card of an appointment as the practice holds it."""
    booked_by = appointment.booking_organisation
    return _card(
        appointment.start,
        appointment.end,
        appointment_id=appointment.id,
        channel=appointment.delivery_channel,
        role=appointment.practitioner_role,
        slot_type=appointment.slot_type,
        schedule_type=appointment.schedule_type,
        service=formatting.NAMELESS_SERVICE if appointment.service_id else "",
        status=appointment.status,
        booked_by=(booked_by.name or booked_by.ods_code) if booked_by else "",
        description=appointment.description,
        comment=appointment.comment,
        cancellation_reason=appointment.cancellation_reason,
    )


def card_of_offers(offers: list[Offer]) -> AppointmentCard:
    """The card of one or more adjacent slots, in order, before anything is booked."""
    first, last = offers[0], offers[-1]
    return _card(
        first.start,
        last.end,
        channel=first.delivery_channel,
        role=first.practitioner_role,
        practitioner=first.practitioner_name,
        gender=formatting.gender_of(first.practitioner_gender),
        location=first.location_name,
        address=", ".join(first.location_address),
        location_telephone=first.location_telephone,
        slot_type=first.slot_type,
        schedule_type=first.schedule_type,
        service=first.service_name or (first.service_id and formatting.NAMELESS_SERVICE),
    )


def card_of_command(command: Command) -> AppointmentCard:
    """The card of what a command asked for, overlaid with what the practice returned. [BOOK-7]"""
    asked = card_asked(command)
    return _returned(asked, command) if command.result else asked


def card_asked(command: Command) -> AppointmentCard:
    """What a command asked for, whatever the practice returned. [BOOK-7]

    That of a change is the appointment as it was read, with what the change was to say.
    """
    payload = command.payload
    match Kind(command.kind):
        case Kind.BOOK if command.offers:
            asked = card_of_offers(command.offers)
        case Kind.AMEND | Kind.CANCEL if "raw" in payload:
            asked = card_of(last_read(command))
        case Kind.REGISTER:
            return card_of_nothing()
        case _:  # only when it is, is known
            asked = _card(command.start, command.start, appointment_id=command.appointment_id)
    return replace(
        asked,
        description=payload.get("description", asked.description),
        comment=payload.get("comment", asked.comment),
        cancellation_reason=payload.get("reason", asked.cancellation_reason),
    )


def card_of_nothing() -> AppointmentCard:
    """Says nothing: where nothing may be shown. [PDS-3]"""
    return _card(PracticeTime.read(""), PracticeTime.read(""))


def _returned(asked: AppointmentCard, command: Command) -> AppointmentCard:
    """Who and where stay as the slots said, unless the practice names others. [BOOK-7]"""
    result = command.result
    start = PracticeTime.read(result.get("starts", ""))
    end = PracticeTime.read(result.get("ends", ""))
    told = _card(
        start,
        end,
        appointment_id=result["id"],
        channel=result.get("delivery_channel") or asked.channel,
        role=result.get("practitioner_role") or asked.role,
        slot_type=result.get("slot_type") or asked.slot_type,
        schedule_type=result.get("schedule_type") or asked.schedule_type,
        status=result.get("status"),
        booked_by=result.get("booked_by"),
        description=result.get("description"),
        comment=result.get("comment"),
        cancellation_reason=result.get("cancellation_reason"),
    )
    if not (command.offers and is_another_person(command)):
        told = replace(told, practitioner=asked.practitioner, gender=asked.gender)
    else:
        told = replace(told, practitioner=acknowledged_name(command))
    another = bool(command.offers) and is_another_service(command)
    told = replace(told, service=formatting.NAMELESS_SERVICE if another else asked.service)
    if command.offers and is_another_place(command):
        return told
    return replace(
        told,
        location=asked.location,
        address=asked.address,
        location_telephone=asked.location_telephone,
    )


def _card(start: PracticeTime, end: PracticeTime, **given: str | None) -> AppointmentCard:
    minutes = None
    doubt = start.doubt or (end.doubt if end.written else None)
    if start.instant is not None and end.instant is not None:
        if end.instant > start.instant:
            minutes = int((end.instant - start.instant).total_seconds() // 60)
        else:
            doubt = doubt or "The practice gave an end that is not after the start."
    status = given.pop("status", None) or ""
    texts = {name: given.get(name) or "" for name in _TEXTS}
    return AppointmentCard(
        start=start,
        day=formatting.day_of(start),
        time=formatting.span(start, end, minutes),
        minutes=minutes,
        doubt=doubt or "",
        status=status_in_words(status),
        booked=status == BOOKED,
        cancelled=status == CANCELLED,
        started=start.instant is not None and start.instant <= london.now_utc(),
        **texts,
    )


_TEXTS = (
    "appointment_id",
    "channel",
    "role",
    "practitioner",
    "gender",
    "location",
    "address",
    "location_telephone",
    "slot_type",
    "schedule_type",
    "service",
    "booked_by",
    "description",
    "comment",
    "cancellation_reason",
)


def card_with(appointment: Appointment, known: NamedResources) -> AppointmentCard:
    """An appointment's card with its place, person and service; what could not be read says so."""
    location = known.locations.get(appointment.location_id or "")
    practitioner = known.practitioners.get(appointment.practitioner_id or "")
    service = known.services.get(appointment.service_id or "")
    card = card_of(appointment).at(location, practitioner, service)
    if appointment.location_id and location is None:
        card = replace(
            card, location="Place could not be read", address="Address could not be read"
        )
    if appointment.practitioner_id and practitioner is None:
        card = replace(
            card, practitioner="Name could not be read", gender="Gender could not be read"
        )
    if appointment.service_id and service is None:
        card = replace(card, service="Name could not be read")
    return card
