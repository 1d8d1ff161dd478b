"""What others wrote, so that it cannot reorder or hide what the screen says.

One function, called where text leaves the portal: pages (the audit viewer is one) and terminals.
What is stored, compared and sent back stays as it came.
"""

import re
from typing import Final

# Controls but for tab and line's end, what sets or overrides the direction of writing, what has
# no width, tags, and breaks of lines that only some programs know. A joiner is a letter's where
# two letters beyond ASCII are joined: Persian and Indian names, and signs like a family's.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
    "\ud800-\udfff]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
# A letter with more marks over and under it than any language has: they would cover other lines.
_PILED: Final = re.compile(
    "([\u0300-\u036f\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{4})"
    "[\u0300-\u036f\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"


class AsTyped(str):
    """What stands in a form's field: it is sent again, and so stays as it is."""

    __slots__ = ()


def readable(text: str) -> str:
    """The text with a replacement character for each that nobody sees or that moves others."""
    if text.isascii() and text.isprintable():  # nearly all
        return text
    return _PILED.sub(rf"\1{_REPLACED}", _UNSEEN.sub(_REPLACED, text))
