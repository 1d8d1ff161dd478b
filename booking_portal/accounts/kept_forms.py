"""What somebody typed into a form that could not be taken, kept until they are back at it.

Every form carries, signed, whose it is: which user's, acting for which organisation, on which page.
When it comes in without a sign-in, from a page that is out of date, while its user acts for another
organisation, or when a practice cannot be read, nothing is done; what was typed is kept for some
minutes, for that user at that organisation on that page alone, under an id that says nothing.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from django import forms
from django.core import signing
from django.http import HttpRequest, QueryDict
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString

from booking_portal.accounts.kept_for_page import LOST, SAID, Kept
from booking_portal.accounts.models import KeptForm, User
from booking_portal.accounts.requests import PortalRequest

WHOSE, KEPT = "whose", "kept"
LIFETIME = timedelta(minutes=30)
FORM_LIFETIME = timedelta(hours=24)
AT_MOST = 5
"""Forms kept for one user; the newest stay."""
LONGEST = 16_000
"""Characters of one kept form."""
NOT_TYPED = frozenset({WHOSE, "csrfmiddlewaretoken", "form_token", "only", "together", "moving"})
SESSION_KEY = "kept"


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose a form is: the user and organisation (their keys), and the page that shows it.

    `kept` is the id of what the page was filled with again; it has served when the form comes in.
    """

    user: int
    organisation: int
    page: str
    kept: str = ""


def form_field(request: HttpRequest) -> SafeString:
    """For every form of a page: its CSRF token, and whose it is where somebody acts."""
    plain = format_html(
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}">', get_token(request)
    )
    actor = getattr(request, "actor", None)
    if actor is None:
        return plain
    kept = getattr(request, "kept", None)
    # What is only shown beside what was sent is in no form, and is not served by one.
    filled_with = kept.id if kept and kept.why in SAID else ""
    whose = [actor.user.pk, actor.organisation.pk, page_of(request), filled_with]
    text = _signer(WHOSE).sign_object(whose, compress=True)
    return plain + format_html('<input type="hidden" name="{}" value="{}">', WHOSE, text)


form_field_lazy = lazy(form_field, SafeString, str)


def whose_of(request: HttpRequest) -> Whose | None:
    """Whose the form is that came in; None where it does not say so in words of ours."""
    try:
        text = request.POST.get(WHOSE, "")
        return Whose(*_signer(WHOSE).unsign_object(text, max_age=FORM_LIFETIME))
    except (signing.BadSignature, TypeError, ValueError):
        return None


def page_of(request: HttpRequest) -> str:
    """The address of the page that shows the request's forms: what was opened, not posted to."""
    if request.method == "POST":
        whose = whose_of(request)
        return whose.page if whose else reverse("start")
    htmx = getattr(request, "htmx", None)
    if htmx and htmx.current_url:
        shown = urlsplit(htmx.current_url)
        return _without_kept(shown.path, shown.query)
    return _without_kept(request.path, request.META.get("QUERY_STRING", ""))


def keep_form(request: HttpRequest, why: str) -> str:
    """Keep what the form that came in says; returns the address of its page, to come back to.

    Nothing is kept of a form that does not say whose it is.
    """
    whose = whose_of(request)
    if whose is None:
        return _address(reverse("start"), f"{LOST}.{why}")
    owner = (whose.user, whose.organisation)
    kept = _store(owner, urlsplit(whose.page).path, why, _typed(request.POST))
    return _address(whose.page, f"{kept or LOST}.{why}")


def keep_texts_for(request: PortalRequest, page: str, why: str, typed: Mapping[str, str]) -> None:
    """Keep texts for the page of this path, to be shown there while this sign-in lasts."""
    assert request.actor is not None
    owner = (request.actor.user.pk, request.actor.organisation.pk)
    kept = _store(owner, page, why, {name: [text] for name, text in typed.items()})
    if kept:
        pages = dict(request.session.get(SESSION_KEY, {}))
        pages.pop(page, None)
        request.session[SESSION_KEY] = dict([*pages.items(), (page, kept)][-AT_MOST:])


def come_back(request: PortalRequest) -> Kept | None:
    """What is kept for this page, of this user at the organisation that they act for."""
    assert request.actor is not None
    named, why = _named(request.GET.get(KEPT, ""))
    if named == LOST:
        return Kept(LOST, why)
    return _kept(request, named, request.path) if named else kept_for(request, request.path)


def kept_for(request: PortalRequest, page: str) -> Kept | None:
    """What `keep_for` has kept for the page of this path."""
    wanted = request.session.get(SESSION_KEY, {}).get(page, "")
    return _kept(request, wanted, page) if wanted else None


def _kept(request: PortalRequest, wanted: str, page: str) -> Kept | None:
    assert request.actor is not None
    mine = KeptForm.objects.filter(
        pk=wanted,
        user=request.actor.user,
        organisation=request.actor.organisation,
        page=page,
        kept_at__gt=timezone.now() - LIFETIME,
    )
    row = mine.first()
    return Kept(str(row.pk), row.why, row.typed) if row else None


def served(request: HttpRequest, whose: Whose) -> None:
    """The form has come in: what its page was filled with is not needed any more."""
    if whose.kept and whose.kept != LOST:
        KeptForm.objects.filter(pk=whose.kept, user=whose.user).delete()


def fill_in(request: HttpRequest, form: forms.Form, but: Iterable[str] = ()) -> None:
    """Put what was kept for this page into a form that is only opened, `but` for some fields.

    What the user has to say anew (a ticked confirmation) and what the page says itself stay out.
    """
    kept: Kept | None = getattr(request, "kept", None)
    if kept is None or kept.why not in SAID or form.is_bound or not kept.typed:
        return
    typed = QueryDict(mutable=True)
    for name, texts in kept.typed.items():
        typed.setlist(name, [text.replace("\r\n", "\n") for text in texts])
    left_out = {*but, *getattr(form, "asked_anew", ())}
    for name, box in form.fields.items():
        if name in left_out or box.widget.value_omitted_from_data(typed, {}, name):
            continue
        form.initial[name] = box.widget.value_from_datadict(typed, {}, name)
        kept.filled_in = True


def was_not_sent(address: str) -> str:
    """What the address that leads back to a form which could not be taken says of what was typed.

    `kept`, `lost`, or empty for an address that does not lead back to one in words of ours.
    """
    named, _ = _named((parse_qs(urlsplit(address or "").query).get(KEPT) or [""])[-1])
    return (LOST if named == LOST else KEPT) if named else ""


def forget_old() -> None:
    """Delete what nobody has come back to in time."""
    KeptForm.objects.filter(kept_at__lte=timezone.now() - LIFETIME).delete()


def _store(owner: tuple[int, int], page: str, why: str, typed: Mapping[str, list[str]]) -> str:
    """The id of what is kept now; empty where it is more than any form of ours holds."""
    forget_old()
    user, organisation = owner
    if len(json.dumps(typed)) > LONGEST or len(page) > KeptForm.LONGEST_PAGE:
        return ""
    if not User.objects.filter(pk=user).exists():
        return ""
    made = KeptForm.objects.create(
        id=uuid.uuid4(),
        user_id=user,
        organisation_id=organisation,
        page=page,
        why=why,
        typed=dict(typed),
    )
    theirs = KeptForm.objects.filter(user=user)
    newest = list(theirs.order_by("-kept_at").values_list("pk", flat=True)[:AT_MOST])
    theirs.exclude(pk__in=newest).delete()
    return str(made.pk)


def _typed(sent: QueryDict) -> dict[str, list[str]]:
    return {
        name: [text.replace("\x00", "") for text in texts]
        for name, texts in sent.lists()
        if name not in NOT_TYPED and "\x00" not in name
    }


def _address(page: str, kept: str) -> str:
    signed = _signer(KEPT).sign(kept)
    return f"{page}{'&' if urlsplit(page).query else '?'}{urlencode({KEPT: signed})}"


def _named(text: str) -> tuple[str, str]:
    """The id that an address names, and why; two empty texts for what is not ours or too old."""
    try:
        named, _, why = _signer(KEPT).unsign(text, max_age=LIFETIME).partition(".")
    except signing.BadSignature:
        return "", ""
    return named, why


def _without_kept(path: str, query: str) -> str:
    given = QueryDict(query, mutable=True)
    given.pop(KEPT, None)
    return f"{path}?{given.urlencode()}" if given else path


def _signer(what: str) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"booking_portal.accounts.kept_forms.{what}")
