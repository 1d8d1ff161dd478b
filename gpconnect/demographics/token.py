"""The application's own access to PDS: a token for a signed JWT, kept until it ends. [PDS-5]"""

import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import jwt

from gpconnect.attempt import Deadlines, Remaining
from gpconnect.demographics.signing_key import SigningKey, SigningKeys
from gpconnect.error_evidence import failure
from gpconnect.errors import NoAnswer, NotSent, Origin, UnreadableAnswer
from gpconnect.fhir import elements
from gpconnect.national import document, why_none
from gpconnect.renewed_files import FilesRefused
from gpconnect.wire import Wire, WireAnswer, WireRequest

_ASSERTION_LIFETIME: Final = timedelta(minutes=5)
_RENEWED_BEFORE_END: Final = timedelta(seconds=30)
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class ApplicationToken:
    """One access token for the process, asked for when needed. Thread-safe.

    `keys` has what signs for it, `clock` gives the present instant (aware).
    Raises: ValueError when `url` is not https.
    """

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        keys: SigningKeys,
        wire: Wire,
        clock: Callable[[], datetime],
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https":
            raise ValueError("The URL of the token service must begin with https://")
        self._url = url
        self._origin = f"https://{parts.netloc}"
        self._target = url[len(self._origin) :] or "/"
        self._client_id = client_id
        self._keys = keys
        self._wire = wire
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._good_until: datetime | None = None

    def value(self, deadlines: Deadlines | None = None) -> str:
        """A token that is good for a while yet.

        Raises: DemographicsUnavailable, DemographicsNotPermitted.
        """
        # Waiting for another thread's asking counts too.
        remaining = Remaining(deadlines or self._wire.deadlines)
        if not self._lock.acquire(timeout=remaining.seconds):
            raise failure("PDS_UNAVAILABLE", origin=Origin.PDS, diagnostics="DEADLINE_EXCEEDED")
        try:
            now = self._clock()
            if self._token is None or self._good_until is None or now >= self._good_until:
                self._token, lifetime = self._ask(now, remaining.deadlines)
                self._good_until = now + lifetime - _RENEWED_BEFORE_END
            return self._token
        finally:
            self._lock.release()

    def discard(self, token: str) -> None:
        """Forget a token that PDS did not accept, unless another has taken its place."""
        with self._lock:
            if self._token == token:
                self._token = None

    def _ask(self, now: datetime, deadlines: Deadlines) -> tuple[str, timedelta]:
        try:
            signing = self._keys.current()
        except FilesRefused as refusal:
            why = f"our own files: {refusal}"
            raise failure("PDS_UNAVAILABLE", origin=Origin.PDS, diagnostics=why) from None
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._assertion(signing, now),
        }
        request = WireRequest(
            method="POST",
            origin=self._origin,
            target=self._target,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
            body=urlencode(form).encode("ascii"),
        )
        try:
            answer = self._wire.send(request, deadlines)
        except (NotSent, NoAnswer, UnreadableAnswer) as cause:
            broken = failure("PDS_UNAVAILABLE", origin=Origin.PDS, diagnostics=why_none(cause))
        else:
            return _read(answer)
        raise broken

    def _assertion(self, signing: SigningKey, now: datetime) -> str:
        claims: dict[str, Any] = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": self._url,
            "jti": str(uuid.uuid4()),
            "iat": int(now.timestamp()),
            "exp": int((now + _ASSERTION_LIFETIME).timestamp()),
        }
        return jwt.encode(claims, signing.key, algorithm="RS512", headers={"kid": signing.key_id})


def _read(answer: WireAnswer) -> tuple[str, timedelta]:
    said = document(answer) or {}
    token, seconds = said.get("access_token"), said.get("expires_in")
    if answer.status == 200 and isinstance(token, str) and token.isascii() and token.isprintable():
        lifetime = str(seconds)[:9]  # PDS says the seconds as a string
        known = lifetime.isascii() and lifetime.isdigit()
        return token, timedelta(seconds=min(int(lifetime), 86_400) if known else 0)
    refused = 400 <= answer.status < 500 and answer.status != 429
    code = "PDS_REFUSED" if refused else "PDS_UNAVAILABLE"
    # OAuth 2.0, RFC 6749, section 5.2
    why = (elements.text(said.get(name)) for name in ("error", "error_description"))
    raise failure(
        code,
        origin=Origin.PDS,
        status=answer.status,
        diagnostics=": ".join(filter(None, why)),
    )
