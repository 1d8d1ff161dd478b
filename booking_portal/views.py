"""The pages for what went wrong: always what happened, what to do next, and nothing else."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from booking_portal.accounts.actor import NotPermitted


def failure(
    request: HttpRequest, title: str, sentence: str, next_step: str, *, status: int, code: str = ""
) -> HttpResponse:
    """One failure page: a title, what happened, what to do next, and a code for support."""
    context = {"title": title, "sentence": sentence, "next_step": next_step, "code": code}
    return render(request, "failure.jinja", context, status=status)


def not_permitted(request: HttpRequest, error: NotPermitted) -> HttpResponse:
    """403: the role does not allow it; the refusal is in the audit trail. [IG-1]"""
    return failure(
        request,
        "You do not have permission to do this",
        f"Your role here does not include: {error.permission.label.lower()}.",
        "If you need it for your work, ask your manager to change your role.",
        status=403,
        code=error.permission.value,
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 by Django itself."""
    return failure(
        request,
        "You do not have permission to do this",
        "This page is not open to your role.",
        "If you need it for your work, ask your manager to change your role.",
        status=403,
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form is older than the sign-in, or not from this portal."""
    return failure(
        request,
        "This page is out of date",
        "Nothing was sent. You have signed in again since this page was made, or cookies are off.",
        "Go back, reload the page, and send the form again.",
        status=403,
        code="form",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return failure(
        request,
        "Page not found",
        "There is no such page, or it belongs to another organisation or another user.",
        "Check the address, or go back to the start page.",
        status=404,
    )


def database_away(request: HttpRequest, reference: str) -> HttpResponse:
    """503: nothing can be recorded, so nothing new is sent."""
    return failure(
        request,
        "The booking portal cannot reach its records",
        "Nothing new is sent to a practice while this lasts.",
        "Try again in a minute. If you were booking, look at the patient's appointments first.",
        status=503,
        code=reference,
    )


def broken(request: HttpRequest, reference: str = "") -> HttpResponse:
    """500."""
    return failure(
        request,
        "Something went wrong in the booking portal",
        "It has been recorded for support staff.",
        "If you were booking, look at the patient's appointments before you try again.",
        status=500,
        code=reference,
    )
