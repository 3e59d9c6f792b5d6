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
    secret = ssh_string(KIND.encode()) + ssh_string(public) + ssh_string(seed + public) + ssh_string(b"")
    private = hashlib.sha256(public).digest()[:4] * 2 + secret
    private += bytes(range(1, 1 + -len(private) % _BLOCK))
    whole = (
        b"openssh-key-v1\0"
        + ssh_string(b"none") * 2
        + ssh_string(b"")
        + struct.pack(">I", 1)
        + ssh_string(_public_blob(seed))
        + ssh_string(private)
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
    return ssh_string(KIND.encode()) + ssh_string(seed + _public_bytes(seed))


def fingerprint(line: str) -> str:
    """Return the fingerprint of a public key (an OpenSSH line) as ssh-keygen -l writes it."""
    blob = base64.b64decode(line.split()[1])
    return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"


def _public_bytes(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _public_blob(seed: bytes) -> bytes:
    return ssh_string(KIND.encode()) + ssh_string(_public_bytes(seed))


def ssh_string(content: bytes) -> bytes:
    """Return bytes as SSH writes a string (RFC 4251): its length, then the bytes."""
    return struct.pack(">I", len(content)) + content
