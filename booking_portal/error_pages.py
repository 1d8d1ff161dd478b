"""The pages for what went wrong: always what happened, what to do next, and nothing else."""

import logging
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, cast

from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from booking_portal.accounts import kept_forms
from booking_portal.accounts.actor import Actor, NotPermitted
from booking_portal.accounts.decorators import for_an_actor, sign_in_first
from booking_portal.accounts.kept_for_page import Why
from booking_portal.accounts.models import Organisation
from booking_portal.accounts.requests import PortalRequest
from booking_portal.query_helpers import AWAY
from booking_portal.typed_back import NOTHING, TypedBack, typed_back
from gpconnect.errors import GPConnectError, Origin

log = logging.getLogger(__name__)

FOLLOWING = "following"
"""What the ids of page parts that poll begin with."""


class HasTelephone(Protocol):
    """A practice, as far as a failure page needs it."""

    name: str
    telephone: str


@dataclass(frozen=True, slots=True)
class Action:
    """A button on a failure page: it posts `fields` to `address`."""

    address: str
    text: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PageAbout:
    """Whom a failure page is about: the room's template that says so, and what it needs."""

    template: str
    context: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Failure:
    """What happened, what to do next, whom to ring, and a reference for support staff.

    `back` is the address of the patient's page, if there is a patient; `again` that of the page
    that could not be made, to be tried once more.
    """

    title: str
    sentence: str
    next_step: str
    code: str = ""
    reference: str = ""
    practice_name: str = ""
    practice_telephone: str = ""
    action: Action | None = None
    back: str = ""
    again: str = ""

    def at(self, practice: HasTelephone | None) -> "Failure":
        """The same with the practice's name and telephone number."""
        if practice is None:
            return self
        return replace(self, practice_name=practice.name, practice_telephone=practice.telephone)


def failed(
    request: HttpRequest,
    failure: Failure,
    *,
    status: int,
    about: PageAbout | None = None,
    typed: TypedBack | None = None,
) -> HttpResponse:
    """The failure as a page with this status; as a block where htmx asked for a part of one.

    htmx swaps in successful answers only, so a block is always 200. A page `about` a patient
    keeps their banner. `typed` is what to
    give back; left out, all that was typed into the form that came in.
    """
    if getattr(request, "htmx", False):
        return render(request, "_failure.jinja", {"failure": failure})
    context = {"failure": failure, "typed": typed_back(request) if typed is None else typed}
    if about is not None:
        return render(request, about.template, context | {**about.context}, status=status)
    return render(request, "failure.jinja", context, status=status)


def unsent(request: HttpRequest) -> str:
    """For who has pressed a button, after a sentence: nothing came of it. Else empty.

    Whoever has only opened a page has sent nothing that could have gone.
    """
    return " Nothing was sent." if request.method == "POST" else ""


def failure_of(error: GPConnectError, practice: HasTelephone | None = None) -> Failure:
    """A read that failed, in words for the user; nothing of the practice's own text. [ERR-1]

    What becomes of a write is told by its command, never by this.
    """
    titles = {
        Origin.PDS: "The patient could not be traced",
        Origin.SDS: "The practice could not be read",
        Origin.PRACTICE: "The practice could not be read",
        Origin.SSP: "The practice could not be read",
        Origin.NETWORK: "The practice could not be read",
        Origin.PORTAL: "This could not be sent",
    }
    return Failure(
        titles[error.origin],
        error.sentence,
        error.next_step,
        code=error.code,
        reference=error.trace_id or "",
    ).at(practice)


def gpconnect_failed(
    request: HttpRequest,
    error: GPConnectError,
    practice: HasTelephone | None = None,
    *,
    back: str,
    again: str,
    about: PageAbout,
) -> HttpResponse:
    """The page for a read that failed; 400 for our own checks, else 502."""
    status = 400 if error.origin is Origin.PORTAL else 502
    failure = replace(failure_of(error, practice), back=back, again=again)
    comes_back = kept_forms.was_not_sent(again) == kept_forms.KEPT  # in the form, tried again
    typed = NOTHING if comes_back else None
    return failed(request, failure, status=status, about=about, typed=typed)


def not_permitted(request: HttpRequest, error: NotPermitted) -> HttpResponse:
    """403: the role does not allow it; the refusal is in the audit trail. [IG-1]"""
    failure = Failure(
        "You do not have permission to do this",
        f"Your role here does not include: {error.permission.label.lower()}.{unsent(request)}",
        "If you need it for your work, ask your manager to change your role.",
        code=error.permission.value,
    )
    return failed(request, failure, status=403)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: more than any form of ours sends, or not a form at all; or the sign-in is gone."""
    if isinstance(exception, SessionInterrupted):
        return _sign_in_lost(request, exception)
    failure = Failure(
        "This could not be read",
        "What your browser sent is too large, or not one of this portal's forms. Nothing was sent.",
        "Go back, reload the page, and send the form again.",
        code="form",
    )
    return failed(request, failure, status=400)


def _sign_in_lost(request: HttpRequest, exception: SessionInterrupted) -> HttpResponse:
    """What the page was to say is lost when the sign-in cannot be kept; what it did is done."""
    saving = exception.__context__
    while saving is not None and not isinstance(saving, AWAY):
        saving = saving.__context__
    if saving is not None:
        return database_away(request, uuid.uuid4().hex[:8])
    failure = Failure(
        "You have been signed out",
        "You signed out, perhaps in another tab, while this page was being made.",
        "Sign in again. If you were booking, look at the patient's appointments first.",
    )
    leave_out_who_is_signed_in(request)
    return failed(request, failure, status=403)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 by Django itself."""
    failure = Failure(
        "You do not have permission to do this",
        f"This page is not open to your role.{unsent(request)}",
        "If you need it for your work, ask your manager to change your role.",
    )
    return failed(request, failure, status=403)


def not_your_form(request: HttpRequest) -> HttpResponse:
    """409: somebody else was signed in when the page was made; nothing of the form is kept."""
    failure = Failure(
        "This page is somebody else's",
        "Another user, or another organisation of yours that you have left, had this page open. "
        "Nothing was sent.",
        "Find the patient again.",
        code="form",
    )
    return failed(request, failure, status=409)


def another_organisation(
    request: HttpRequest, actor: Actor, organisation: Organisation, address: str, what: str = "this"
) -> HttpResponse:
    """409: the page belongs to an organisation for which the user does not act just now.

    `address` is where they come back to once they do.
    """
    failure = Failure(
        "You are acting for another organisation now",
        f"You opened {what} for {organisation.name}. You are acting for {actor.organisation.name} "
        f"now.{unsent(request)}",
        f"Switch back to {organisation.name} to go on with {what}, or find the patient again.",
        action=Action(
            reverse("choose-organisation"),
            f"Switch to {organisation.name}",
            (("organisation", organisation.ods_code), ("next", address)),
        ),
    )
    return failed(request, failure, status=409)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form is older than the sign-in, or not from this portal.

    One of the user's own comes back with what they typed, after a sign-in where they have none.
    """
    whose = kept_forms.whose_of(request) if for_an_actor(request) else None
    user = getattr(request, "user", None)
    if whose is not None and user is not None:
        if not user.is_authenticated:
            return sign_in_first(cast(PortalRequest, request))
        if user.pk == whose.user:
            return redirect(kept_forms.keep_form(request, Why.OUT_OF_DATE))
    failure = Failure(
        "This page is out of date",
        "Nothing was sent: nothing was booked, changed or cancelled by it. You, or somebody else, "
        "have signed in since this page was made, or cookies are off.",
        "Go back, reload the page, and send the form again.",
        code="form",
    )
    return failed(request, failure, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    failure = Failure(
        "Page not found",
        "There is no such page, or it belongs to another organisation or another user.",
        "Check the address, or go back to the start page.",
    )
    return failed(request, failure, status=404)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """429: somebody, or something, tries too often (django-allauth counts)."""
    failure = Failure(
        "Too many attempts",
        "There were too many attempts from here in a short time.",
        "Wait a few minutes and try again.",
    )
    return failed(request, failure, status=429)


def database_away(request: HttpRequest, reference: str) -> HttpResponse:
    """503: nothing can be recorded, so nothing new is sent."""
    failure = Failure(
        "The booking portal cannot reach its records",
        "Nothing new is sent to a practice while this lasts.",
        "Try again in a minute. If you were booking, look at the patient's appointments first. "
        "If the patient cannot wait, telephone the practice.",
        reference=reference,
    )
    typed = typed_back(request)
    if typed.fields:  # one form is one command, however often it is sent
        again = Action(request.get_full_path(), "Send the form again", typed.fields)
        failure = replace(failure, action=again)
    leave_out_who_is_signed_in(request)
    if _follows(request):
        return HttpResponse(status=503)
    return failed(request, failure, status=503, typed=typed)


def broken(request: HttpRequest, reference: str = "") -> HttpResponse:
    """500; also Django's handler for what failed outside a view, before there was an actor."""
    error = sys.exc_info()[1]
    reference = reference or uuid.uuid4().hex[:8]
    if isinstance(error, AWAY):
        return database_away(request, reference)
    failure = Failure(
        "Something went wrong in the booking portal",
        "It has been recorded for support staff.",
        "If you were booking, look at the patient's appointments before you try again.",
        reference=reference,
    )
    typed = typed_back(request)
    leave_out_who_is_signed_in(request)
    return failed(request, failure, status=500, typed=typed)


def _follows(request: HttpRequest) -> bool:
    """Whether a page that follows by itself asks: it stays as it is, and asks again."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx) and str(htmx.target or "").startswith(FOLLOWING)  # type: ignore[union-attr]


def leave_out_who_is_signed_in(request: HttpRequest) -> None:
    """So that the page needs nothing from the database, nor does its way out."""
    session = getattr(request, "session", None)
    if session is not None:
        session.modified = False
    request.signed_in = False  # type: ignore[attr-defined]
    request.actor = None  # type: ignore[attr-defined]
