"""The files by which this process is trusted and trusts, and what it makes of them. [SSP-3, PDS-5]

Each is one a process, whoever asks for it: what is told of them is what is used.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from gpconnect.demographics import SigningKeys
from gpconnect.transport import TLS, Trust


@dataclass(frozen=True, slots=True)
class FilesInUse:
    """A set of files as this process uses it.

    `since` when (aware, in UTC; None: nothing good has ever lain there), until when all of it is in
    force (`ends`; None where nothing of it ends), and why what lies on disk now is `refused`, empty
    where that is what is used. Names of files are told, and nothing of their content.
    """

    name: str
    since: datetime | None
    ends: datetime | None
    refused: str


def spine() -> Trust:
    """For the Spine (SSP, and SDS by LDAP): the portal's certificate, whom Spine has for
    authorities, and which certificates they have revoked. None where practices have no TLS."""
    if settings.PLAIN_HTTP:
        return _trust("files for the Spine", TLS())
    files = TLS(
        settings.GPCONNECT_CLIENT_CERT,
        settings.GPCONNECT_CLIENT_KEY,
        settings.GPCONNECT_CA_BUNDLE,
        settings.GPCONNECT_REVOCATIONS,
    )
    return _trust("files for the Spine", files)


def services() -> Trust:
    """For the NHS's services that face the internet (PDS, and SDS by FHIR): other authorities, and
    no certificate of ours. Whom the one trusts the other does not."""
    return _trust("files for PDS and SDS by FHIR", TLS(ca_bundle=settings.NHS_API_CA_BUNDLE))


def signing_keys() -> SigningKeys | None:
    """What signs for PDS's token; None where no key is named, or a file stands in for PDS."""
    if settings.PDS_PRIVATE_KEY is None or urlsplit(settings.PDS_URL).scheme == "file":
        return None
    return _keys(settings.PDS_PRIVATE_KEY, settings.PDS_KEY_ID_FILE or settings.PDS_KEY_ID)


def in_use() -> list[FilesInUse]:
    """Everything that this process uses; looks whether something of it has been renewed.

    For health, metrics and the worker's tick: nothing is asked of anybody else.
    """
    found = []
    for trust in (spine(), services()):
        of_trust = trust.standing()
        ends = of_trust.used.ends if of_trust.used else None
        found.append(FilesInUse(trust.name, of_trust.since, ends, of_trust.refused))
    keys = signing_keys()
    if keys is not None:
        of_keys = keys.standing()
        found.append(FilesInUse(keys.name, of_keys.since, None, of_keys.refused))
    return found


def refused() -> list[str]:
    """Whose files on disk this process refuses, and why; one sentence each."""
    return [f"{one.name}: {one.refused}" for one in in_use() if one.refused]


def forget() -> None:
    """Read everything anew, as at the start of a process."""
    _trust.cache_clear()
    _keys.cache_clear()


@cache
def _trust(name: str, files: TLS) -> Trust:
    return Trust(files, name)


@cache
def _keys(private_key: Path, key_id: str | Path) -> SigningKeys:
    return SigningKeys(private_key, key_id)
