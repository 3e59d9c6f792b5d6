"""Reading and making SSH keys, with the cryptography library."""

import base64
import binascii
import hashlib

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils.translation import gettext_noop as _

from lib.notes import Refusal

LONGEST = 8_000  # characters; an RSA key of 16384 bits has 2,800
SHORTEST_RSA = 2048  # bits; what OpenSSH 9 and NIST SP 800-131A still take
KINDS = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
         "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")  # fmt: skip


class BadKey(Refusal):
    """The text is not a public key that we can put into a machine."""

    status = 400
    code = "bad_key"


def read_public_key(text: str) -> tuple[str, str, str]:
    """(one line without comment, fingerprint, comment) of an OpenSSH public key. Raises BadKey with what to do."""
    text = text.strip()
    if "PRIVATE KEY" in text:
        raise BadKey(_("This is the private half of a key: keep it for yourself. Paste the file that ends in .pub."))
    if len(text) > LONGEST or "\n" in text or "\r" in text:
        raise BadKey(_("Paste one public key, on one line. It begins with ssh-ed25519 or ssh-rsa."))
    kind, _space, rest = text.partition(" ")
    blob, _space, comment = rest.strip().partition(" ")
    if kind not in KINDS:
        raise BadKey(
            _(
                "This does not look like a public SSH key. It begins with ssh-ed25519 or ssh-rsa; find it in ~/.ssh/id_ed25519.pub."
            )
        )
    line = f"{kind} {blob}"
    raw = _decode(kind, blob)
    if not kind.startswith("sk-"):
        _check_strength(line)
    fingerprint = "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")
    return line, fingerprint, comment.strip()


def _decode(kind: str, blob: str) -> bytes:
    """The key's bytes, whose first field must say the same kind as the line does."""
    damaged = BadKey(_("This public key is damaged: a part is missing or was changed. Copy the whole line again."))
    try:
        raw = base64.b64decode(blob, validate=True)
    except (binascii.Error, ValueError):
        raise damaged from None
    if raw[:4] != len(kind).to_bytes(4, "big") or raw[4 : 4 + len(kind)] != kind.encode():
        raise damaged
    return raw


def _check_strength(line: str) -> None:
    try:
        key = s.load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey(
            _("This public key is damaged: a part is missing or was changed. Copy the whole line again.")
        ) from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < SHORTEST_RSA:
        raise BadKey(_("This RSA key is too short to be safe. Make a new one with: ssh-keygen -t ed25519"))


def make_pair() -> tuple[str, str]:
    """(private half in OpenSSH's format, public line) of a new ed25519 key."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.OpenSSH, s.NoEncryption()).decode()
    public = key.public_key().public_bytes(s.Encoding.OpenSSH, s.PublicFormat.OpenSSH).decode()
    return private, public
