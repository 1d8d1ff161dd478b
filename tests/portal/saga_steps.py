"""Steps for tests of writes in two steps: through the services, as a signed-in user's request."""

from booking_portal.commands.models import Command, Proposal
from tests.portal.counter import Counter


def proposal_of(counter: Counter, practice: str = "A20047", number: int = -1) -> Proposal:
    """The slot in this place of a new search, chosen."""
    counter.searches(practice)
    counter.chooses(number)
    return Proposal.objects.select_related("encounter", "practice").latest("made_at")


def moving_to(
    counter: Counter, old: Command, practice: str = "A20047", number: int = -1
) -> Proposal:
    """Another slot, chosen for a move of the booked appointment."""
    proposal = proposal_of(counter, practice, number)
    proposal.moving = {
        "practice_ods": old.practice.ods_code,
        "appointment_id": old.appointment_id,
        "version": old.result["version"],
        "starts": old.starts,
    }
    proposal.save()
    return proposal
