"""What somebody typed into a form that came to nothing, for the page that says so. [BOOK-8]

Every such page (no permission any more, the records cannot be reached, a fault of the portal's, a
patient who cannot be worked on) gives it back to be copied. It is shown to whoever sent it and kept
nowhere; only from a form of ours, which says whose it is, and only texts: no password, no choice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError

from booking_portal.accounts import kept_forms
from booking_portal.accounts.decorators import for_an_actor
from booking_portal.accounts.kept_for_page import SAID, Kept
from booking_portal.accounts.kept_forms import Whose
from booking_portal.forms import DateBoxes
from booking_portal.safe_text import AsTyped

TEXTS = {
    "nhs_number": "NHS number",
    "family": "Family name",
    "given": "First name",
    "birth_date": "Date of birth",
    "postcode": "Postcode",
    "description": "What it is for",
    "comment": "Comment",
    "reason": "Why it is cancelled",
    "line_1": "Temporary address, line 1",
    "line_2": "Temporary address, line 2",
    "town": "Town or city",
    "telephone": "Temporary telephone number",
    "email": "E-mail address",
    "spoken_to": "Who at the practice said so",
    "ring_back": "Number to ring the patient back on",
}
"""The texts that people type into the portal's forms, in the order in which they are shown."""
CANNOT_BE_READ = (SuspiciousOperation, MultiPartParserError, OSError)


@dataclass(frozen=True, slots=True)
class TypedText:
    """One text as it was typed."""

    label: str
    text: AsTyped


@dataclass(frozen=True, slots=True)
class TypedBack:
    """What was typed; `too_long`: more than any form of ours holds, and so not shown.

    `fields` is all that the form had sent, for it to be sent once more; empty where it is too much.
    """

    texts: tuple[TypedText, ...] = ()
    too_long: bool = False
    fields: tuple[tuple[str, AsTyped], ...] = ()


NOTHING = TypedBack()


def typed_back(request: HttpRequest) -> TypedBack:
    """What the form that came in says, or what was kept for the page that is opened.

    Nothing of a form that was given to another user, or for another organisation, nor of one that
    is about the sign-in itself: there are passwords in it.
    """
    if request.method != "POST":
        kept: Kept | None = getattr(request, "kept", None)
        if kept is None or kept.why not in SAID:
            return NOTHING
        kept.given_back = True
        return _shown(kept.typed, ())
    try:
        whose = kept_forms.whose_of(request)
        sent = dict(request.POST.lists())
    except CANNOT_BE_READ:
        return NOTHING
    if whose is None or not for_an_actor(request) or not _is_theirs(request, whose):
        return NOTHING
    fields = [(name, text) for name, texts in sent.items() for text in texts]
    return _shown(sent, fields)


def _is_theirs(request: HttpRequest, whose: Whose) -> bool:
    """Whether nobody else is signed in; without the database nobody is known to be."""
    if not getattr(request, "signed_in", False):
        return True
    actor = getattr(request, "actor", None)
    theirs = (whose.user, whose.organisation)
    return actor is not None and (actor.user.pk, actor.organisation.pk) == theirs


def _shown(sent: Mapping[str, list[str]], fields: Sequence[tuple[str, str]]) -> TypedBack:
    texts = tuple(_texts(sent))
    too_long = sum(len(text.text) for text in texts) > kept_forms.LONGEST
    # The token is of the page before; the page that is shown has one of its own.
    again = [(name, AsTyped(text)) for name, text in fields if name != "csrfmiddlewaretoken"]
    if sum(len(name) + len(text) for name, text in again) > kept_forms.LONGEST:
        again = []
    return TypedBack(() if too_long else texts, too_long, tuple(again))


def _texts(sent: Mapping[str, list[str]]) -> Iterator[TypedText]:
    for name, label in TEXTS.items():
        parts = [name, *(f"{name}-{part}" for part in DateBoxes.PARTS)]
        typed = " ".join(sent[part][-1] for part in parts if sent.get(part)).strip()
        if typed:
            yield TypedText(label, AsTyped(typed.replace("\r\n", "\n").replace("\x00", "")))
