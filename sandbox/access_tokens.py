"""Tokens for PDS: an application's own, for a signed JWT, and those of users' sign-ins. [PDS-5]"""

import os
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl

import jwt

from sandbox import clock
from sandbox.answers import Answer

CLIENT_ID = "booking-portal"
KEY_ID = os.environ.get("SANDBOX_PDS_KEY_ID", "demo-1")

_LIFETIME = 599
_LONGEST_ASSERTION = 300
_CLOCK_SKEW = 5
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CLAIMS = ["iss", "sub", "aud", "jti", "exp"]


class AccessTokens:
    """Issues access tokens to the one registered application and to the users who signed in with
    CIS2; they die with the sandbox."""

    def __init__(self) -> None:
        self._key_id, self._public_key = KEY_ID, b""
        self._expiries: dict[str, float] = {}
        self._used: dict[str, float] = {}
        self._sessions: dict[str, str] = {}

    def register(self, key_id: str, public_key: bytes) -> None:
        """The application's public key (PEM), which takes the place of the one before."""
        self._key_id, self._public_key = key_id, public_key

    def is_valid(self, token: str) -> bool:
        """Whether a token was issued here and has not expired."""
        return self._expiries.get(token, 0) > clock.now()

    def session_urid(self, token: str) -> str | None:
        """The role profile of the user's sign-in that the token is of; None for the application."""
        return self._sessions.get(token)

    def sign_in(self, session_urid: str) -> str:
        """The access token of a user who has just signed in with this role profile."""
        token = self._issued()
        self._sessions[token] = session_urid
        return token

    def forget(self) -> None:
        """Revoke every token."""
        self._expiries.clear()
        self._sessions.clear()

    def issue(self, form: bytes, audience: str) -> Answer:
        """Answer a token request whose assertion must be addressed to `audience`."""
        fields = dict(parse_qsl(form.decode("utf-8", "replace")))
        if fields.get("grant_type") != "client_credentials":
            return _refusal("unsupported_grant_type", "grant_type is invalid")
        if fields.get("client_assertion_type") != _ASSERTION_TYPE:
            return _refusal("invalid_request", "Missing or invalid client_assertion_type")
        assertion = fields.get("client_assertion")
        if not assertion:
            return _refusal("invalid_request", "Missing client_assertion")
        try:
            wrong = self._check(assertion, audience)
        except jwt.PyJWTError as error:
            return _refusal("invalid_request", f"client_assertion: {type(error).__name__}")
        if wrong:
            return _refusal("invalid_request", wrong)
        body = {
            "access_token": self._issued(),
            "expires_in": str(_LIFETIME),
            "token_type": "Bearer",
            "issued_at": str(int(clock.now() * 1000)),
        }
        return Answer(200, body, content_type="application/json")

    def _issued(self) -> str:
        token = token_urlsafe(24)
        self._expiries[token] = clock.now() + _LIFETIME
        return token

    def _check(self, assertion: str, audience: str) -> str | None:
        """What is wrong with the assertion. Raises jwt.PyJWTError for what the library finds."""
        header = jwt.get_unverified_header(assertion)
        if header.get("alg") != "RS512":
            return "Invalid 'alg' header in client_assertion JWT - must be 'RS512'"
        if header.get("kid") != self._key_id:
            return "Invalid 'kid' header in client_assertion JWT - no matching public key"
        claims: dict[str, Any] = jwt.decode(
            assertion,
            self._public_key,
            algorithms=["RS512"],
            audience=audience,
            # Its times are held against the sandbox's clock, below.
            options={"require": _CLAIMS, "verify_exp": False, "verify_iat": False},
        )
        if claims["iss"] != CLIENT_ID or claims["sub"] != CLIENT_ID:
            return "Missing or non-matching 'iss'/'sub' claims in client_assertion JWT"
        now = clock.now()
        if type(claims["exp"]) is not int or claims["exp"] <= now:
            return "Invalid 'exp' claim in client_assertion JWT - not a time to come"
        if claims["exp"] > now + _LONGEST_ASSERTION + _CLOCK_SKEW:
            return "Invalid 'exp' claim in client_assertion JWT - more than 5 minutes in future"
        self._used = {jti: expiry for jti, expiry in self._used.items() if expiry > now}
        if claims["jti"] in self._used:
            return "Non-unique 'jti' claim in client_assertion JWT"
        self._used[claims["jti"]] = claims["exp"]
        return None


def _refusal(error: str, description: str) -> Answer:
    body = {"error": error, "error_description": description}
    return Answer(400, body, content_type="application/json")
