"""What a practice says of itself, its people and its places; and where it is."""

from booking_portal.command_line.answers import Answer
from booking_portal.command_line.call import Call
from booking_portal.command_line.shapes import plain


def directory(call: Call) -> Answer:
    """The practice's ASID and service root URL. [SDS-1..4]"""
    return Answer(plain(call.look_up()))


def capability(call: Call) -> Answer:
    """The practice's capability statement. [SSP-7]"""
    return Answer(plain(call.client.capability_statement()))


def find_practitioner(call: Call) -> Answer:
    """The practitioners with an SDS user id."""
    found = call.client.find_practitioner(call.options.identifier or "")
    return Answer({"practitioners": plain(found)}, {"practitioners": ("id", "name", "gender")})


def read_practitioner(call: Call) -> Answer:
    """One practitioner by id."""
    return Answer(plain(call.client.read_practitioner(call.needs_id())))


def find_organisation(call: Call) -> Answer:
    """The organisations with an ODS code."""
    found = call.client.find_organisation(call.options.identifier or "")
    columns = ("id", "ods_code", "name", "telephone")
    return Answer({"organisations": plain(found)}, {"organisations": columns})


def read_organisation(call: Call) -> Answer:
    """One organisation by id."""
    return Answer(plain(call.client.read_organisation(call.needs_id())))


def read_location(call: Call) -> Answer:
    """One location by id."""
    return Answer(plain(call.client.read_location(call.needs_id())))


def read_service(call: Call) -> Answer:
    """One service by id, as a slot or an appointment of version 1.2.8 gives it."""
    return Answer(plain(call.client.read_healthcare_service(call.needs_id())))
