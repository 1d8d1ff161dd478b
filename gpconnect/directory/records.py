"""What every kind of directory checks, and how it says what support staff should check. [SDS-4]"""

import re
from typing import Final

from gpconnect.error_evidence import failure
from gpconnect.errors import DirectoryError, Origin
from gpconnect.models import Endpoint

_ASID: Final = re.compile(r"\d{12}", re.ASCII)
_SERVICE_ROOT: Final = re.compile(r"https://[!-~]+", re.ASCII)
_PLAIN_SERVICE_ROOT: Final = re.compile(r"https?://[!-~]+", re.ASCII)

_CHECKS: Final = {
    "NAME_NOT_RESOLVED": "the host name in the directory's address",
    "TLS_FAILED": "our client certificate, the directory's own, and the authorities that we trust",
    "CONNECTION_LOST": "the network and the directory itself; a directory that does not trust "
    "our client certificate may hang up like this",
}


def what_to_check(cause: str) -> str:
    """What support staff should look at when the directory gave no answer.

    `cause` is the cause's code, with its reason behind a colon where there is one.
    """
    return _CHECKS.get(
        cause.partition(":")[0], "the network to the directory, and the directory itself"
    )


def problem(
    code: str,
    ods_code: str,
    check: str,
    *,
    status: int | None = None,
    trace_id: str | None = None,
    diagnostics: str = "",
) -> DirectoryError:
    """The error that names the practice, and says what support staff should check."""
    error = failure(
        code, origin=Origin.SDS, status=status, trace_id=trace_id, diagnostics=diagnostics
    )
    assert isinstance(error, DirectoryError)
    error.ods_code, error.check = ods_code, check
    return error


def endpoint(
    ods_code: str, asid: str | None, service_root: str | None, *, plain_http: bool = False
) -> Endpoint:
    """An endpoint of the right form; http:// only with `plain_http`. Raises: MalformedRecord."""
    form = _PLAIN_SERVICE_ROOT if plain_http else _SERVICE_ROOT
    if not service_root or not form.fullmatch(service_root):
        raise problem(
            "DIRECTORY_MALFORMED",
            ods_code,
            "the service root URL (nhsMhsEndPoint) of the practice's MHS record",
        )
    if not asid or not _ASID.fullmatch(asid):
        raise problem(
            "DIRECTORY_MALFORMED",
            ods_code,
            "the ASID (uniqueIdentifier) of the practice's AS record",
        )
    return Endpoint(ods_code, asid, service_root)
