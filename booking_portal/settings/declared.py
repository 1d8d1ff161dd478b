"""What a settings file may declare of its environment, and what it is then let do.

Guards ask for this, never for the environment's name. A file declares two things: whether patients
are real (REAL_PATIENTS), and which test-only forms it may have (TEST_FORMS). One that says nothing
gets the strictest of both from `base`.
"""

from enum import StrEnum


class TestForm(StrEnum):
    """A form of a setting that is for tests only, refused unless the file declares it."""

    __test__ = False  # nothing for pytest to collect

    FILE_DIRECTORY = "file directory"  # practices in a file, in place of SDS
    FILE_DEMOGRAPHICS = "file PDS"  # patients in a file, in place of PDS
    PLAIN_HTTP = "plain HTTP"  # to practices, without TLS
    NO_SSP = "no SSP"  # straight to each practice
    DEADLINES = "other deadlines"  # than those of production
    DEMO_VALUES = "demo values"  # keys and secrets that are public, open hosts, DEBUG, demo pages


NO_TEST_FORMS: frozenset[TestForm] = frozenset()
ALL_TEST_FORMS = frozenset(TestForm)
