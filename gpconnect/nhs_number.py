"""NHS numbers: ten digits, the last a check digit. [FIND-1, IG-5]"""

from typing import Final

from gpconnect.error_evidence import failure

_WEIGHTS: Final = range(10, 1, -1)


def is_valid(text: str) -> bool:
    """Whether `text`, spaces aside, is ten digits with a right check digit."""
    digits = _without_spaces(text)
    if len(digits) != 10 or not (digits.isascii() and digits.isdigit()):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    # A remainder of 10 never equals a digit: such numbers are not issued.
    return (11 - total % 11) % 11 == int(digits[9])


def normalise(text: str) -> str:
    """The ten digits. Raises: InvalidNHSNumber (whose text does not hold what was typed)."""
    if not is_valid(text):
        raise failure("NHS_NUMBER_INVALID")
    return _without_spaces(text)


def spaced(number: str) -> str:
    """The number as people read it out: "965 821 8873"."""
    digits = _without_spaces(number)
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}"


def _without_spaces(text: str) -> str:
    return "".join(text.split()).replace("-", "")
