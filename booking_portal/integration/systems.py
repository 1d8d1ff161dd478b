"""Which system of a practice an id is from: ids belong to the service root and ASID they came from.

A practice that changes its supplier has another system from one day to the next, whose ids mean
something else. [SDS-3, hazard 43]
"""

import hashlib

from gpconnect.models import Endpoint


def system_of(endpoint: Endpoint) -> str:
    """A short name for the system: the same while practice, service root and ASID are."""
    whole = "\n".join((endpoint.ods_code, endpoint.service_root, endpoint.asid))
    return hashlib.sha256(whole.encode()).hexdigest()[:12]
