"""A command that its user may see, or 404."""

import uuid

from django.shortcuts import get_object_or_404

from booking_portal.accounts.requests import ActingRequest
from booking_portal.commands.models import Command


def organisations_command(request: ActingRequest, command_id: uuid.UUID) -> Command:
    """The command of the organisation that the user acts for.

    Raises: Http404.
    """
    mine = Command.objects.for_organisation(request.actor.organisation)
    return get_object_or_404(mine.shown(), pk=command_id)
