"""Free slots of one practice, asked for anew: what search-slots shows and book chooses from."""

from collections.abc import Mapping

from booking_portal.command_line import shapes
from booking_portal.command_line.answers import Answer, Problem, Stopped
from booking_portal.command_line.call import Call
from booking_portal.integration.lookup_cache import service_names
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
    offers = _to_come(found, service_names(call.client, call.endpoint, found.slots), call)
    rows = [shapes.offer(offer) for offer in offers]
    result = {
        "from": wanted.start.isoformat(),
        "to": wanted.end.isoformat(),
        "complete": found.complete,
        "faults": list(found.faults),
        "slots": rows,
    }
    return Answer(result, {"slots": shapes.with_service(COLUMNS, rows)})


def chosen(call: Call, client: GPConnectClient) -> list[Offer]:
    """The offers that --slot names, among what is free now.

    Raises: Stopped when one is not, GPConnectError.
    """
    found = client.search_free_slots(call.range)
    services = service_names(client, call.at.endpoint, found.slots)
    free = {offer.slot_id: offer for offer in _to_come(found, services, call)}
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


def _to_come(found: FreeSlots, services: Mapping[str, str], call: Call) -> list[Offer]:
    """By instant, without what has begun; a slot without a sound time stays, in doubt. [SFS-7]"""
    now = london.now_utc()
    ods_code = call.practice.ods_code
    offers = [offer_of(slot, ods_code, services=services) for slot in found.slots]
    return in_order(
        [offer for offer in offers if offer.start.instant is None or offer.start.instant > now]
    )
