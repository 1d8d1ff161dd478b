"""The codes that the portal itself shows to users and support staff: what each means.

Those of the client library are in `gpconnect.error_table`, with what they are evidence of. Both
are on docs/errors.md, and a test finds every code in the sources that is in neither. [ERR-1]
"""

from typing import Final

CODES: Final[dict[str, str]] = {
    # Services, on the screens and on the command line. Nothing was sent, unless it says so.
    "NOT_PERMITTED": "The user's role at the organisation does not include this.",
    "TRACE_TOO_OLD": "The patient was traced more than 24 hours ago, and has to be traced again.",
    "BIRTH_DATE_DIFFERS": "The birth date that the patient says is not the national record's.",
    "BIRTH_DATE_INCOMPLETE": "The national record has no full birth date to compare with.",
    "TOO_MANY_TRIES": "Too many wrong tries at who the patient is, in a short time.",
    "RESTRICTED_PATIENT": "The national record allows nothing to be shown or sent.",
    "PATIENT_NOT_AT_PRACTICE": "The practice shows no active record of the patient.",
    "PATIENT_MISMATCH": "What the practice holds is not certainly this one patient's.",
    "PATIENT_DECEASED": "The national record says that the patient has died.",
    "DIFFERENCES_NOT_ACKNOWLEDGED": "The practice's record differs from the national one, and "
    "nobody has said that it is the same person.",
    "DIFFERENCES": "The same, where a second step is stopped by it.",
    "SLOT_IN_THE_PAST": "A slot has begun.",
    "SLOTS_NOT_ADJACENT": "The slots do not follow on each other, or differ in kind.",
    "DOUBTFUL_TIME": "The practice gave a time that cannot be relied on.",
    "NOT_BOOKABLE": "The choice, or the text, cannot be booked as it is.",
    "NOT_CHANGEABLE": "The appointment has begun, is cancelled, or has a doubtful start.",
    "CHANGED_MEANWHILE": "Somebody changed the appointment since the user saw it.",
    "BOOKING_UNSETTLED": "Another booking of the patient's is not certain yet.",
    "REGISTERED_AT_THIS_PRACTICE": "The practice is the patient's own.",
    "PATIENT_AT_PRACTICE_ALREADY": "The practice has the patient on its list already.",
    "DEMOGRAPHICS_INCOMPLETE": "The national record lacks what a registration needs.",
    "STILL_NOT_SHOWN": "The practice has the patient on its list, and does not show the record.",
    "RECORDS_UNAVAILABLE": "The portal cannot reach its records. A write that was asked for may "
    "have been sent.",
    "PORTAL_FAULT": "Something broke in the portal itself. A write that was asked for may have "
    "been sent.",
    "RECORD_BEHIND": "It was sent, and the portal's record is behind: it catches up by itself.",
    # A command's second step, and why it did not go on by itself.
    "NEW_CANCELLED": "The practice has cancelled the new appointment: the old one stands.",
    "NEW_NOT_KNOWN": "The portal does not know which appointment the practice has made.",
    "TIME_OVER": "The time in which the second step goes by itself is over.",
    "WITHDRAWN": "The first step was withdrawn: the second is not sent by itself.",
    "USER_GONE": "Whoever asked for it may no longer act for the organisation.",
    # What the practice has made, and is not what it seems.
    "NUMBER_IN_USE": "The practice's id for the appointment is another booking's already: its ids "
    "have come round again, or one of the two answers was wrong.",
    # Comparing with the practices after a restore.
    "PRACTICE_MOVED": "The practice has changed its system: ids of before mean nothing any more.",
    "NOBODY_MAY_LOOK": "None of the users who met the patient may look any more.",
    "RESTRICTED": "The patient's record has become restricted: nothing more is asked.",
    # What an attempt of a command came to, in its history.
    "LEASE_OVER": "The time to send it was over, or it was withdrawn: nothing was sent.",
    "NOT_FOUND": "The practice was looked at, and did not show the effect.",
    # The command line.
    "WRONG_USE": "The arguments do not fit.",
    "NOT_CONFIGURED": "The settings are not fit.",
    "NOT_SIGNED_IN": "No active user of this name, or a wrong password.",
    "NOT_A_MEMBER": "The user has no role at the organisation.",
    "COMMAND_LINE_READ_ONLY": "The command line may only read here.",
    "NHS_NUMBER_NEEDED": "The NHS number is missing.",
    "NHS_NUMBER_ON_COMMAND_LINE": "The NHS number may not be an argument here.",
    "SEVERAL_NHS_NUMBERS": "More than one NHS number was given.",
    "ID_NEEDED": "The practice's id of the record is missing.",
    "BIRTH_DATE_NEEDED": "The birth date is missing.",
    "PRACTICE_NOT_IN_FEDERATION": "The practice is in none of the organisation's federations.",
    "SLOT_NOT_OFFERED": "The practice does not offer the slot in the time asked for.",
    "TEST_ENVIRONMENTS_ONLY": "Nothing goes unchecked here.",
}
