"""A set of TLS files in use: proven as a whole, and renewed while the process runs. [SSP-3]

The certificate, its key, the authorities and their lists of revoked certificates belong together.
A renewed set takes the place of the one in use only where all of it can be read, is whole and fits
together, and where no part of it is worse than the one in use: run out, not in force yet, older, or
without the list of an authority.
"""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gpconnect import london
from gpconnect.renewed_files import FilesRefused, RenewedFiles
from gpconnect.tls import TLS

_NO_PEM: Final = (ValueError, TypeError, UnsupportedAlgorithm)
_END_OF_LIST: Final = b"-----END X509 CRL-----"
_FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Validity:
    """From when until when something is in force (aware, in UTC), and whose it is."""

    whose: str
    begins: datetime
    ends: datetime

    @property
    def in_force(self) -> bool:
        return self.begins <= london.now_utc() < self.ends

    @property
    def why_not(self) -> str:
        """For what is not in force."""
        if london.now_utc() < self.begins:
            return f"is not in force before {self.begins:%d %B %Y, %H:%M} UTC"
        return f"ran out on {self.ends:%d %B %Y, %H:%M} UTC"


@dataclass(frozen=True, slots=True)
class Trusted:
    """The settings of new connections, and until when each part is in force.

    `certificate` is ours, None without mutual TLS; `authorities` are empty where the operating
    system's are trusted; `lists` are those of revoked certificates, one an issuer or more. `former`
    are authorities that were trusted and are no more: nobody needs their lists.
    """

    context: ssl.SSLContext
    certificate: Validity | None
    authorities: tuple[Validity, ...]
    lists: tuple[Validity, ...]
    former: frozenset[str] = frozenset()

    @property
    def ends(self) -> datetime | None:
        """When the first of them runs out (aware, in UTC), and of the same name the last; None
        where none of them does."""
        last: dict[tuple[int, str], datetime] = {}
        ours = (self.certificate,) if self.certificate else ()
        for kind, every in enumerate((ours, self.authorities, self.lists)):
            for one in every:
                last[kind, one.whose] = max(one.ends, last.get((kind, one.whose), one.ends))
        return min(last.values(), default=None)


class Trust(RenewedFiles[Trusted]):
    """The TLS settings of all connections of one kind, always by the files as they are now.

    `name` says in the log whose they are.
    """

    def __init__(self, tls: TLS, name: str = "TLS files") -> None:
        super().__init__(name, tls.files, lambda used: _proven(tls, used))

    @classmethod
    def of(cls, tls: "TLS | Trust") -> "Trust":
        """One of its own for some files; the same where there is one already."""
        return tls if isinstance(tls, Trust) else cls(tls)


def _proven(tls: TLS, used: Trusted | None) -> Trusted:
    """The set as it lies there. Raises: FilesRefused."""
    chain = _certificates(tls.client_certificate)
    authorities = _certificates(tls.ca_bundle)
    if tls.client_certificate is not None:
        _must_fit(tls.client_key or tls.client_certificate, tls.client_certificate, chain[0])
    lists = _lists(tls.revocations, authorities)
    try:
        context = tls.context()
    except OSError as error:
        why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise FilesRefused(f"OpenSSL does not take them: {why or 'no reason given'}") from None
    proven = Trusted(
        context,
        _validity(chain[0]) if chain else None,
        tuple(map(_validity, authorities)),
        tuple(lists),
        _former(used, authorities),
    )
    if used is not None:
        _must_not_be_worse(tls, proven, used)
    return proven


def _former(used: Trusted | None, authorities: Iterable[x509.Certificate]) -> frozenset[str]:
    if used is None:
        return frozenset()
    known = used.former | {one.whose for one in used.authorities}
    return known - {_name(each.subject) for each in authorities}


def _must_fit(key_file: Path, certificate_file: Path, certificate: x509.Certificate) -> None:
    try:
        key = load_pem_private_key(_whole(key_file), None)
    except _NO_PEM as error:
        why = "is encrypted" if isinstance(error, TypeError) else "is no private key in PEM form"
        raise FilesRefused(f"{key_file.name} {why}") from None
    if key.public_key() != certificate.public_key():
        raise FilesRefused(f"{key_file.name} does not fit {certificate_file.name}")


def _must_not_be_worse(tls: TLS, new: Trusted, used: Trusted) -> None:
    if used.certificate and new.certificate and used.certificate.in_force:
        _must_be_in_force(tls.client_certificate, [new.certificate])
    if any(one.in_force for one in used.authorities):
        _must_be_in_force(tls.ca_bundle, new.authorities)
    for old in used.lists:
        if not old.in_force or old.whose in new.former:
            continue  # nothing to lose
        name = tls.revocations.name if tls.revocations else ""
        of_same = [one for one in new.lists if one.whose == old.whose]
        if not of_same:
            raise FilesRefused(f"{name} has no list of {old.whose}, which the one in use has")
        _must_be_in_force(tls.revocations, of_same)
        if all(one.begins < old.begins for one in of_same):
            raise FilesRefused(f"{name} has an older list of {old.whose} than the one in use")


def _must_be_in_force(file: Path | None, found: Iterable[Validity]) -> None:
    """One of them, at least."""
    every = list(found)
    if file is not None and every and not any(one.in_force for one in every):
        raise FilesRefused(f"{file.name} {every[0].why_not}")


def _certificates(file: Path | None) -> list[x509.Certificate]:
    """Those of a file, of which it has one at least; none without a file."""
    if file is None:
        return []
    try:
        return x509.load_pem_x509_certificates(_whole(file))
    except _NO_PEM:
        raise FilesRefused(f"{file.name} holds no certificates in PEM form") from None


def _lists(file: Path | None, authorities: list[x509.Certificate]) -> list[Validity]:
    """The lists of revoked certificates; one of an authority in the bundle bears its signature.

    OpenSSL holds the others against the authority's certificate when a peer shows it.
    """
    if file is None:
        return []
    blocks = _whole(file).split(_END_OF_LIST)[:-1]
    try:
        lists = [x509.load_pem_x509_crl(block + _END_OF_LIST) for block in blocks]
    except _NO_PEM:
        lists = []
    if not lists:
        raise FilesRefused(f"{file.name} holds no lists of revoked certificates in PEM form")
    for one in lists:
        named = [each for each in authorities if each.subject == one.issuer]
        if named and not any(_has_signed(each, one) for each in named):
            raise FilesRefused(f"{file.name} has a list that {_name(one.issuer)} has not signed")
    return [
        Validity(_name(one.issuer), one.last_update_utc, one.next_update_utc or _FOR_EVER)
        for one in lists
    ]


def _has_signed(authority: x509.Certificate, revocations: x509.CertificateRevocationList) -> bool:
    try:
        return revocations.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except _NO_PEM:  # a key of a kind that signs no lists
        return False


def _whole(file: Path) -> bytes:
    """A file's content, of which no block is cut short."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise FilesRefused(f"{file.name} cannot be read: {error.strerror}") from None
    if content.count(b"-----BEGIN ") != content.count(b"-----END "):
        raise FilesRefused(f"{file.name} is cut short")
    return content


def _validity(certificate: x509.Certificate) -> Validity:
    return Validity(
        _name(certificate.subject),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )


def _name(name: x509.Name) -> str:
    return name.rfc4514_string()
