"""How far this machine's clock may be off, by what NTP has told its kernel. [SSP-6]

`adjtimex` with no mode only reads, needs no right and no daemon's socket, and in a container
tells of the host. What keeps the clock (chrony with `rtcsync`, ntpd, systemd-timesyncd) writes
there how well it does.
"""

import ctypes
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

STA_UNSYNC: Final = 0x0040
STA_NANO: Final = 0x2000
TIME_ERROR: Final = 5


class Timex(ctypes.Structure):
    """`struct timex` of Linux; microseconds, but `offset` in nanoseconds under STA_NANO."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", ctypes.c_long * 2),
        ("tick", ctypes.c_long),
        ("pulses", ctypes.c_long * 8),  # for clocks on a pulse a second; nothing of ours
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 12),
    )

    offset: int
    maxerror: int
    esterror: int
    status: int


@dataclass(frozen=True, slots=True)
class KernelClock:
    """What the kernel knows: whether anything keeps its clock, and how far it is off at the most
    likely (`drift`) and at the worst (`bound`, which grows until NTP is next asked)."""

    synchronised: bool
    drift: timedelta
    bound: timedelta

    @classmethod
    def of(cls, timex: Timex, state: int) -> "KernelClock":
        """What `adjtimex` filled in, and what it returned."""
        offset = abs(timex.offset) / (1000 if timex.status & STA_NANO else 1)
        return cls(
            synchronised=not timex.status & STA_UNSYNC and state != TIME_ERROR,
            drift=timedelta(microseconds=offset + timex.esterror),
            bound=timedelta(microseconds=timex.maxerror),
        )


def kernel_clock() -> KernelClock | None:
    """The kernel's clock as NTP keeps it; None where the kernel cannot be asked."""
    timex = Timex()
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else KernelClock.of(timex, state)
