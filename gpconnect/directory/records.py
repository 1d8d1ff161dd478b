"""What every kind of directory checks, and how it says what support staff should check. [SDS-4]"""

import re
from typing import Final

from gpconnect.error_table import failure
from gpconnect.errors import DirectoryError, Origin
from gpconnect.models import Endpoint

_ASID: Final = re.compile(r"\d{12}", re.ASCII)
_SERVICE_ROOT: Final = re.compile(r"https://[!-~]+", re.ASCII)


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


def endpoint(ods_code: str, asid: str | None, service_root: str | None) -> Endpoint:
    """An endpoint of the right form. Raises: MalformedRecord."""
    if not service_root or not _SERVICE_ROOT.fullmatch(service_root):
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
