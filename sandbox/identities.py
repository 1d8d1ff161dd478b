"""As whom the sandbox shows itself, and whom it knows: renewed while it runs."""

import ssl
from pathlib import Path
from typing import Final

from sandbox.access_tokens import KEY_ID, AccessTokens

# The cipher suites of the Spine's consumers, for TLS 1.2; TLS 1.3 has its own. [SSP-3]
_CIPHERS: Final = "AESGCM+EECDH:AESGCM+EDH:AES256+EECDH:AES256+EDH"


class Identities:
    """The certificates of a directory. What is renewed holds for connections made from then on.

    Raises: OSError (ssl.SSLError included) for a directory that has no usable set.
    """

    def __init__(self, certificates: Path, access_tokens: AccessTokens) -> None:
        self._first = certificates
        self._access_tokens = access_tokens
        self.take(certificates)

    def take(self, certificates: Path, pds_key_id: str = KEY_ID) -> None:
        """Take over another set: the servers' own certificates, the authority whose clients are
        known, and the application's public key, which PDS knows by this id.

        Each listener has settings of its own, because each sets a callback in them.
        """
        spine = _tls(certificates, "server", mutual=True)
        directory = _tls(certificates, "server", mutual=True)
        services = _tls(certificates, "api-server", mutual=False)
        self._access_tokens.register(pds_key_id, (certificates / "pds-public.pem").read_bytes())
        self.spine, self.directory, self.services = spine, directory, services

    def back(self) -> None:
        """The set of the beginning."""
        self.take(self._first)


def _tls(certificates: Path, name: str, *, mutual: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    if mutual:
        context.load_verify_locations(certificates / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context
