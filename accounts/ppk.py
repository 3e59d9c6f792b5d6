"""PuTTY's format of private keys: version 3, which PuTTY 0.75 (2021) and newer read, without a passphrase."""

import base64
import hashlib
import hmac
import textwrap

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lib.ed25519 import KIND, ssh_string

ENCRYPTION = "none"


def as_ppk(private: str, comment: str) -> str:
    """Write a private key that was made here (OpenSSH's format, ed25519, no passphrase) as a .ppk file. `comment`: ASCII, one line."""
    key = serialization.load_ssh_private_key(private.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("Only ed25519 keys are made here.")
    public_blob = ssh_string(KIND.encode()) + ssh_string(key.public_key().public_bytes_raw())
    private_blob = ssh_string(key.private_bytes_raw())
    signed = b"".join(
        map(ssh_string, (KIND.encode(), ENCRYPTION.encode(), comment.encode(), public_blob, private_blob))
    )
    mac = hmac.new(b"", signed, hashlib.sha256).hexdigest()  # without a passphrase its key is empty
    return "\n".join(
        [
            f"PuTTY-User-Key-File-3: {KIND}",
            f"Encryption: {ENCRYPTION}",
            f"Comment: {comment}",
            *_lines("Public-Lines", public_blob),
            *_lines("Private-Lines", private_blob),
            f"Private-MAC: {mac}",
            "",
        ]
    )


def _lines(name: str, blob: bytes) -> list[str]:
    lines = textwrap.wrap(base64.b64encode(blob).decode(), 64)
    return [f"{name}: {len(lines)}", *lines]
