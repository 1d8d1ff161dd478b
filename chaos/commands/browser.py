"""A user's browser: follows redirects, keeps cookies, and takes the portal's addresses in turn."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from chaos.commands.witness import Witness
from tests.page_reading import Form, Page

PATIENCE_SECONDS: Final = 40.0
ONE_ANSWER_SECONDS: Final = 25.0

Data = Mapping[str, str | list[str]]


class Away(Exception):
    """The portal does not answer at any of its addresses."""


class Broken(Exception):
    """The connection broke after the form was sent: nobody knows whether it arrived."""


class Browser:
    """One person's sign-in at the portal's addresses."""

    def __init__(
        self,
        addresses: Sequence[str],
        witness: Witness,
        first: int,
        trusting: Path | None = None,
    ) -> None:
        """`trusting`: the authority of addresses that begin with https."""
        self._addresses = addresses
        self._at = first % len(addresses)
        self._witness = witness
        self._session = requests.Session()
        self._session.trust_env = False
        if trusting is not None:
            self._session.verify = str(trusting)
        self.token = ""

    def opens(self, path: str, *, follow: bool = True) -> Page:
        """Open a page. Raises: Away."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                page = self._ask("GET", path)
            except requests.RequestException:
                self._wait(until)
                continue
            if page.status == 503 and time.monotonic() < until:
                time.sleep(0.5)
                continue
            return self.opens(page.address) if page.status == 302 and follow else page

    def sends(self, form: Form, typed: Data | None = None, *, follow: bool = True) -> Page:
        """Send a form; the page that it leads to. Raises: Away, Broken."""
        data = {**form.fields, "csrfmiddlewaretoken": self.token, **(typed or {})}
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                page = self._ask("POST", form.action, data)
                break
            except requests.ConnectionError as error:
                if not _never_left(error):
                    self._wait(until)
                    raise Broken from None
                self._wait(until)
            except requests.RequestException:
                self._wait(until)
                raise Broken from None
        if page.status == 503:  # people do not click at once again
            time.sleep(1.0)
        return self.opens(page.address) if page.status == 302 and follow else page

    def signs_in(self, username: str, password: str) -> None:
        """Through the front door. Raises: Away, Broken, RuntimeError."""
        form = self.opens("/sign-in/").form("/sign-in/")
        self.token = form.fields["csrfmiddlewaretoken"][0]
        page = self.sends(form, {"login": username, "password": password})
        if "/sign-in" in page.address:
            raise RuntimeError(f"{username} cannot sign in: {page.text[:300]}")
        tokens = [form.fields.get("csrfmiddlewaretoken") for form in page.forms]
        self.token = next(token[0] for token in reversed(tokens) if token)

    def twin(self) -> "Browser":
        """Another tab of the same browser, at another address of the portal."""
        other = Browser(self._addresses, self._witness, self._at + 1)
        other._session.cookies = self._session.cookies.copy()
        other._session.verify = self._session.verify
        other.token = self.token
        return other

    def close(self) -> None:
        """Let go of its connections."""
        self._session.close()

    def _ask(self, method: str, path: str, data: Data | None = None) -> Page:
        self._at = (self._at + 1) % len(self._addresses)
        address = urljoin(self._addresses[self._at], path)
        response = self._session.request(
            method,
            address,
            data=data,
            allow_redirects=False,
            timeout=ONE_ANSWER_SECONDS,
            headers={"Origin": self._addresses[self._at]} if method == "POST" else None,
        )
        if response.status_code == 302:
            path = urlsplit(response.headers["Location"])._replace(scheme="", netloc="").geturl()
        page = Page(response, path)
        self._witness.saw(page, response.elapsed.total_seconds())
        return page

    def _wait(self, until: float) -> None:
        if time.monotonic() > until:
            raise Away
        time.sleep(0.2)


def _never_left(error: requests.ConnectionError) -> bool:
    """Whether no connection was made, so that nothing can have been sent."""
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
