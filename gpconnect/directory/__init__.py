"""Where is the practice? Its ASID and service root URL, by ODS code. [SDS-1..4]"""

from typing import Protocol
from urllib.parse import urlsplit

from gpconnect.attempt import DEFAULT_DEADLINES, Deadlines
from gpconnect.directory.file import FileDirectory
from gpconnect.directory.sds_fhir import SDSFHIRDirectory
from gpconnect.directory.sds_ldap import SDSLDAPDirectory
from gpconnect.identity import Requester
from gpconnect.models import Endpoint
from gpconnect.observer import ExchangeObserver
from gpconnect.tls import TLS
from gpconnect.trust import Trust
from gpconnect.wire import Wire

__all__ = ["Directory", "FileDirectory", "SDSFHIRDirectory", "SDSLDAPDirectory", "from_url"]


class Directory(Protocol):
    """Answers where a practice is. Nothing is cached here: that is the encounter's. [SDS-3]"""

    def look_up(
        self,
        ods_code: str,
        *,
        requester: Requester | None = None,
        observer: ExchangeObserver | None = None,
        deadlines: Deadlines | None = None,
    ) -> Endpoint:
        """The practice's endpoint. `observer` takes the place of the directory's own.

        Raises: PracticeNotEnabled, AmbiguousRecord, MalformedRecord, DirectoryUnreachable,
        InvalidRequest for what is no ODS code.
        """
        ...

    def close(self) -> None: ...


def from_url(
    url: str,
    *,
    tls: TLS | Trust,
    api_key: str = "",
    observer: ExchangeObserver | None = None,
    deadlines: Deadlines = DEFAULT_DEADLINES,
    plain_http: bool = False,
) -> Directory:
    """The directory at `url`.

    `ldaps://...` is SDS by LDAP (mutual TLS), `https://...` SDS by FHIR (with `api_key`), and
    `file:///...json` a file, for test use only (and there with `plain_http` practices without TLS).

    Raises: ValueError for any other scheme.
    """
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return FileDirectory(url, observer, plain_http=plain_http)
    if scheme == "https":
        return SDSFHIRDirectory(url, Wire(tls, deadlines), api_key, observer)
    if scheme == "ldaps":
        return SDSLDAPDirectory(url, tls, deadlines, observer)
    raise ValueError("A directory's URL must begin with ldaps://, https:// or file://")
