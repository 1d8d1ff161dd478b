"""Whom we trust and as whom we come: the TLS settings of every connection. [SSP-3]"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CIPHERS: Final = "AESGCM+EECDH:AESGCM+EDH:AES256+EECDH:AES256+EDH"


@dataclass(frozen=True, slots=True)
class TLS:
    """Files in PEM form: our certificate and key (for mutual TLS), and whom we trust.

    Without `ca_bundle` the operating system's authorities are trusted. With `revocations` (one
    or more CRLs) a peer's certificate that is revoked, or not covered by a list, is refused.
    """

    client_certificate: Path | None = None
    client_key: Path | None = None
    ca_bundle: Path | None = None
    revocations: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Those that are read, the operating system's authorities among them."""
        system = ssl.get_default_verify_paths().cafile if self.ca_bundle is None else None
        every = (
            self.client_certificate,
            self.client_key,
            self.ca_bundle or (Path(system) if system else None),
            self.revocations,
        )
        return tuple(file for file in every if file is not None)

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or later, the Spine's ciphers, chain, name and expiry checked.

        Raises: OSError (ssl.SSLError included) when a file cannot be read or does not fit.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        if self.ca_bundle is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(self.ca_bundle)
        if self.revocations is not None:
            context.load_verify_locations(self.revocations)
            context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
        if self.client_certificate is not None:
            # A password makes OpenSSL refuse an encrypted key; without, it would ask a terminal.
            context.load_cert_chain(self.client_certificate, self.client_key, password="")
        return context
