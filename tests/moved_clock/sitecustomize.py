"""Python's own sleep under libfaketime: on PYTHONPATH only while `make test-dates` runs.

libfaketime 0.9.10 (Debian 12) refuses to sleep until a monotonic moment (EINVAL from
clock_nanosleep), which is how `time.sleep` sleeps. `select` waits as long, and is not affected.
"""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex, /) -> None:
    seconds = float(seconds)
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep
