"""Free slots of one practice, asked for anew: what search-slots shows and book chooses from."""

from booking_portal.command_line import shapes
from booking_portal.command_line.answers import Answer, Problem, Stopped
from booking_portal.command_line.call import Call
from booking_portal.slots.offers import Offer, in_order, offer_of
from gpconnect import london
from gpconnect.client import GPConnectClient
from gpconnect.models import FreeSlots

COLUMNS = (
    "slot_id",
    "when",
    "minutes",
    "delivery_channel",
    "slot_type",
    "schedule_type",
    "practitioner_role",
    "practitioner_name",
    "location_name",
)


def search_slots(call: Call) -> Answer:
    """The slots that the practice shares with the organisation. [SFS-1..10]"""
    wanted = call.range
    found = call.client.search_free_slots(wanted)
    result = {
        "from": wanted.start.isoformat(),
        "to": wanted.end.isoformat(),
        "complete": found.complete,
        "faults": list(found.faults),
        "slots": [shapes.offer(offer) for offer in _to_come(found, call.practice.ods_code)],
    }
    return Answer(result, {"slots": COLUMNS})


def chosen(call: Call, client: GPConnectClient) -> list[Offer]:
    """The offers that --slot names, among what is free now.

    Raises: Stopped when one is not, GPConnectError.
    """
    found = client.search_free_slots(call.range)
    free = {offer.slot_id: offer for offer in _to_come(found, call.practice.ods_code)}
    missing = [slot for slot in call.options.slots if slot not in free]
    if missing:
        raise Stopped(
            Problem(
                "SLOT_NOT_OFFERED",
                "The practice does not offer this slot in these two weeks (or --from, --to).",
                "Search again: somebody else may have taken it.",
                detail={"slots": missing},
            )
        )
    return [free[slot] for slot in dict.fromkeys(call.options.slots)]


def _to_come(found: FreeSlots, ods_code: str) -> list[Offer]:
    """By instant, without what has begun; a slot without a sound time stays, in doubt. [SFS-7]"""
    now = london.now_utc()
    offers = [offer_of(slot, ods_code) for slot in found.slots]
    return in_order(
        [offer for offer in offers if offer.start.instant is None or offer.start.instant > now]
    )
