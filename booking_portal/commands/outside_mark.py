"""How far the database had come, kept in a file outside of the machines that are backed up.

A machine that is set back as a whole takes its Redis with it; a file on another's disk stays.
"""

import logging
import os
from contextlib import suppress
from enum import Enum
from pathlib import Path

from django.conf import settings

log = logging.getLogger(__name__)


class Standing(Enum):
    """Whether the file can be asked."""

    NONE = "none"
    OK = "ok"
    AWAY = "away"


def standing() -> Standing:
    """NONE where no file is named; AWAY where it can be neither read nor made."""
    if settings.RESTORE_MARK_FILE is None:
        return Standing.NONE
    try:
        _read(settings.RESTORE_MARK_FILE)
    except (OSError, ValueError):
        return Standing.AWAY
    writable = os.access(settings.RESTORE_MARK_FILE.parent, os.W_OK)
    return Standing.OK if writable else Standing.AWAY


def read() -> int | None:
    """The count that was kept last; None where none is, or nobody can tell."""
    if settings.RESTORE_MARK_FILE is None:
        return None
    try:
        return _read(settings.RESTORE_MARK_FILE)
    except (OSError, ValueError) as error:
        log.error("RESTORE_MARK_FILE cannot be read: %s", type(error).__name__)
        return None


def keep(count: int) -> None:
    """Put this count in the place of the one before, as a whole; one that is no number stays."""
    file: Path | None = settings.RESTORE_MARK_FILE
    if file is None or standing() is Standing.AWAY:
        return
    beside = file.with_name(f".{file.name}-{os.getpid()}")
    try:
        beside.write_text(f"{count}\n")
        beside.replace(file)
    except OSError as error:
        log.error("RESTORE_MARK_FILE cannot be written: %s", type(error).__name__)
        with suppress(OSError):
            beside.unlink()


def _read(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except FileNotFoundError:
        if file.parent.is_dir():
            return None
        raise
