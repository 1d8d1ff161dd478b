"""Jinja2 for the portal's pages: our templates strict, the design system's macros on their terms.

nhsuk-frontend-jinja's macros read parameters that are often not given, so they live in an
environment of their own with lenient undefined values. Ours raises on every undefined name.
A template calls a macro as `nhsuk.button({...})`.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, cast

from django.apps import apps
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.template import engines
from django.template.backends.jinja2 import Jinja2
from django.templatetags.static import static
from django.urls import reverse
from jinja2 import (
    ChainableUndefined,
    Environment,
    PackageLoader,
    StrictUndefined,
    meta,
    select_autoescape,
)
from markupsafe import Markup

from booking_portal import forms, page_registry
from booking_portal.accounts import kept_forms
from booking_portal.navigation import NavigationItem, navigation_for
from booking_portal.plain_macros import TAKEN, TEMPLATE, plain_where_it_fits
from booking_portal.safe_text import AsTyped, readable
from gpconnect.models import DeliveryChannel

MACRO = re.compile(r"\bnhsuk\.(\w+)\(")


class DesignSystem:
    """The macros of nhsuk-frontend-jinja by name: `nhsuk.errorSummary({...})`.

    What pages ask for most is written by plain twins of theirs (`booking_portal.plain_macros`).
    Only `text` parameters are escaped by the macros; `html` ones must already be Markup.
    """

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("nhsuk_frontend_jinja"),
            undefined=ChainableUndefined,
            autoescape=select_autoescape(["html", "jinja"]),
            finalize=shown,
            auto_reload=False,  # a package's templates do not change: no look at the disk for each
        )
        # Only for a neat source text it takes a fifth of the macros' time, and it adds spaces to
        # what somebody has typed where a radio button reveals a text area.
        self._environment.filters["indent"] = _as_it_is
        self._macros: dict[str, Callable[..., Markup]] = {}

    def __getattr__(self, name: str) -> Callable[..., Markup]:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._macros:
            own = self.own(name)
            self._macros[name] = own if name not in TAKEN else _plain(name, own)
        return self._macros[name]

    def own(self, name: str) -> Callable[..., Markup]:
        """The macro as the package has it, which takes every parameter."""
        template = self._environment.get_template(_file_of(name))
        return cast(Callable[..., Markup], getattr(template.module, name))

    def compile(self, names: Iterable[str]) -> None:
        """Compile these macros, with the templates of the package that they are made of."""
        _compile(self._environment, (_file_of(name) for name in names))


def _plain(name: str, own: Callable[..., Markup]) -> Callable[..., Markup]:
    template = cast(Jinja2, engines["jinja2"]).env.get_template(TEMPLATE)
    return plain_where_it_fits(name, getattr(template.module, name), own)


@lru_cache(maxsize=1)
def design_system() -> DesignSystem:
    """The one DesignSystem of this process."""
    return DesignSystem()


def environment(**options: Any) -> Environment:
    """The environment for our own templates (Django's Jinja2 backend calls this)."""
    options |= {"undefined": StrictUndefined, "finalize": shown}
    made = Environment(**options)  # noqa: S701 - Django sets it
    made.trim_blocks = made.lstrip_blocks = True
    made.globals.update(
        {
            "static": static,
            "url": url,
            "nhsuk": design_system(),
            "fields": forms,
            "channel_class": channel_class,
            "was_not_sent": kept_forms.was_not_sent,
            "asset_path": f"{settings.STATIC_URL}vendor/nhsuk",
        }
    )
    return made


def compile_all() -> None:
    """Compile each of our templates, and the macros that they call, before a page asks for them.

    A web server does so once, and its processes, also those that take the place of one that
    died, are forked with them.
    """
    made: Environment = cast(Jinja2, engines["jinja2"]).env
    sources = _compile(made, made.list_templates(extensions=["jinja"]))
    design_system().compile({name for source in sources for name in MACRO.findall(source)})


def _compile(made: Environment, names: Iterable[str]) -> list[str]:
    """Compile the templates, and those that they include, import or extend; their sources."""
    assert made.loader is not None
    sources: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in sources:
            made.get_template(name)
            sources[name] = made.loader.get_source(made, name)[0]
            referred_to = meta.find_referenced_templates(made.parse(sources[name]))
            waiting += [each for each in referred_to if each]
    return list(sources.values())


def _as_it_is(text: Markup, *_: object, **__: object) -> Markup:
    return text


def _file_of(macro: str) -> str:
    """Where the design system's package has the macro: `errorSummary` in `error-summary`."""
    folder = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in macro)
    return f"nhsuk/components/{folder}/macro.jinja"


def shown(value: Any) -> Any:
    """What every `{{ }}` of every template passes.

    Markup of our own is left as it is, and so is what stands in a form's field.
    """
    if isinstance(value, str) and not isinstance(value, Markup | AsTyped):
        return readable(value)
    return value


def channel_class(channel: str) -> str:
    """The class that gives a channel its sign: the practice's own words never make one."""
    known = channel.lower() if channel in set(DeliveryChannel) else "unknown"
    return f"app-channel app-channel--{known}"


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """The address of a named page."""
    return reverse(name, args=args or None, kwargs=kwargs or None)


def every_page(request: HttpRequest) -> dict[str, Any]:
    """What every page knows: who acts, for whom, and in which environment.

    Nothing here asks the database on a page for somebody who is not signed in, so that such a
    page is there when the database is away.
    """
    actor = getattr(request, "actor", None)
    signed_in = bool(getattr(request, "signed_in", False))
    return {
        "actor": actor,
        "memberships": getattr(request, "memberships", []),
        "csrf_input": kept_forms.form_field_lazy(request),
        "kept": getattr(request, "kept", None),
        "signed_in": signed_in,
        "user_name": request.user.full_name if signed_in else "",  # type: ignore[union-attr]
        "navigation": _shown(navigation_for(actor), request.path) if signed_in else [],
        "notices": lambda: messages.get_messages(request) if signed_in else [],
        "page_notices": lambda: page_registry.notices_on(request, actor),
        "environment_name": settings.ENVIRONMENT_NAME,
        "portal_version": settings.VERSION,
        "environment_reaches": settings.ENVIRONMENT_REACHES,
        "real_patients": settings.REAL_PATIENTS,
        "has_demo_pages": apps.is_installed("demo.pages"),
        "csp_nonce": getattr(request, "csp_nonce", ""),
    }


def _shown(items: list[NavigationItem], path: str) -> list[dict[str, Any]]:
    return [
        {"text": item.text, "href": item.address, "current": path == item.address} for item in items
    ]
