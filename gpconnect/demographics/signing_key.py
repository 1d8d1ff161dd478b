"""The key that signs for PDS's token, and its id: renewed with their files. [PDS-5]"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gpconnect.renewed_files import FilesRefused, RenewedFiles

SHORTEST: Final = 2048
"""Bits that PDS takes at least."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and the id (`kid`) under which its public half is registered."""

    key_id: str
    key: RSAPrivateKey = field(repr=False)


class SigningKeys(RenewedFiles[SigningKey]):
    """The key to sign with, always by its files as they are now.

    `key_id` is the id itself, or the file that holds it: an id of the new key's own is then
    renewed together with the key.
    """

    def __init__(self, private_key: Path, key_id: str | Path) -> None:
        files = [private_key, key_id] if isinstance(key_id, Path) else [private_key]
        super().__init__("PDS's signing key", files, lambda used: _read(private_key, key_id))


def _read(private_key: Path, key_id: str | Path) -> SigningKey:
    """The key and its id as they lie there. Raises: FilesRefused."""
    try:
        key = load_pem_private_key(_content(private_key), None)
    except TypeError:
        raise FilesRefused(f"{private_key.name} is encrypted") from None
    except (ValueError, UnsupportedAlgorithm):
        raise FilesRefused(f"{private_key.name} is no private key in PEM form") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < SHORTEST:
        raise FilesRefused(f"{private_key.name} is no RSA key of {SHORTEST} bits or more")
    if isinstance(key_id, str):
        return SigningKey(key_id, key)
    named = _content(key_id).decode("ascii", "replace").strip()
    if not named.isprintable() or not named or "\ufffd" in named:
        raise FilesRefused(f"{key_id.name} holds no key id in one line of ASCII")
    return SigningKey(named, key)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FilesRefused(f"{file.name} cannot be read: {error.strerror}") from None
