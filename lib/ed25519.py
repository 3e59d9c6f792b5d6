"""SSH keys (ed25519) made of 32 secret bytes, in the forms of OpenSSH and of Dropbear. The same bytes give the same text."""

import base64
import hashlib
import struct
from textwrap import wrap

# cryptography is imported where a key is made: it takes 7 MB, and most processes (the live one above all) make none.
KIND = "ssh-ed25519"
_BLOCK = 8  # bytes; OpenSSH pads the private part to a multiple of it


def public_line(seed: bytes) -> str:
    """Return the public half as OpenSSH writes it, without a comment."""
    return f"{KIND} {base64.b64encode(_public_blob(seed)).decode()}"


def private_file(seed: bytes) -> str:
    """Return the text of an OpenSSH private key without a passphrase.

    Other programs draw its check number, by which OpenSSH sees whether a passphrase was right. Here it follows from the public half.
    """
    public = _public_bytes(seed)
    secret = _text(KIND.encode()) + _text(public) + _text(seed + public) + _text(b"")
    private = hashlib.sha256(public).digest()[:4] * 2 + secret
    private += bytes(range(1, 1 + -len(private) % _BLOCK))
    whole = (
        b"openssh-key-v1\0"
        + _text(b"none") * 2
        + _text(b"")
        + struct.pack(">I", 1)
        + _text(_public_blob(seed))
        + _text(private)
    )
    lines = "\n".join(wrap(base64.b64encode(whole).decode(), 70))
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----\n"


def dropbear_file(text: str) -> bytes:
    """Return an OpenSSH private key (ed25519) as Dropbear keeps its host key. Raises ValueError."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    key = load_ssh_private_key(text.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("The key is not an ed25519 key.")
    seed = key.private_bytes_raw()
    return _text(KIND.encode()) + _text(seed + _public_bytes(seed))


def fingerprint(line: str) -> str:
    """Return the fingerprint of a public key (an OpenSSH line) as ssh-keygen -l writes it."""
    blob = base64.b64decode(line.split()[1])
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"


def _public_bytes(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _public_blob(seed: bytes) -> bytes:
    return _text(KIND.encode()) + _text(_public_bytes(seed))


def _text(content: bytes) -> bytes:
    """Return bytes as SSH sends a string: its length comes first."""
    return struct.pack(">I", len(content)) + content
