"""The body of an answer, never more of it than allowed, packed or unpacked."""

import zlib
from typing import Final

from urllib3 import BaseHTTPResponse

_PIECE: Final = 65_536
_GZIP: Final = 31  # zlib's name for "with a gzip header"


class BodyUnreadable(Exception):
    """The body goes over the limit or is badly packed; `code` is of the error table."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_body(answer: BaseHTTPResponse, limit: int) -> bytes:
    """The whole body, unpacked, of at most `limit` bytes.

    Raises: BodyUnreadable; what urllib3 raises when the connection breaks.
    """
    encoding = answer.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise BodyUnreadable("BAD_COMPRESSION")
    unpacker = zlib.decompressobj(_GZIP) if encoding.endswith("gzip") else None
    pieces: list[bytes] = []
    received = size = 0
    for packed in answer.stream(_PIECE, decode_content=False):
        received += len(packed)
        piece = packed if unpacker is None else _unpack(unpacker, packed, limit - size + 1)
        size += len(piece)
        if received > limit or size > limit:
            raise BodyUnreadable("ANSWER_TOO_LARGE")
        pieces.append(piece)
    if unpacker is not None and received and not unpacker.eof:
        raise BodyUnreadable("BAD_COMPRESSION")
    return b"".join(pieces)


def _unpack(unpacker: "zlib._Decompress", packed: bytes, at_most: int) -> bytes:
    try:
        return unpacker.decompress(packed, at_most)
    except zlib.error:
        raise BodyUnreadable("BAD_COMPRESSION") from None
