"""Read and make SSH keys, with the cryptography library."""

import base64
import binascii
import hashlib
import re
import unicodedata

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils.translation import gettext_noop as _

from lib.names import made_clean
from lib.notes import Refusal

LONGEST = 8_000  # characters; an RSA key of 16384 bits has 2,800
SHORTEST_RSA = 2048  # bits; what OpenSSH 9 and NIST SP 800-131A still take
LONGEST_RSA = 16384  # bits; OpenSSH's own limit
KINDS = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
         "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")  # fmt: skip
# A telephone writes the first letter large, and a word processor makes other hyphens of ours.
_KIND = re.compile(
    r"(?<!\S)(" + "|".join(re.escape(kind).replace(r"\-", "[-\u2010\u2011\u2013]") for kind in KINDS) + r")(?!\S)", re.I
)
_FRAME = re.compile(r"---- BEGIN SSH2 PUBLIC KEY ----\n(.*?)(?:---- END SSH2 PUBLIC KEY ----|\Z)", re.S)
_HEADER = re.compile(r"^([\w-]+):((?:.*\\\n)*.*)\n", re.M)  # RFC 4716: a line that ends in a backslash goes on
_QUOTES = " ,;'\"`\u00b4\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"
# How the private half begins where its frame is missing.
_OPENSSH_PRIVATE = base64.b64encode(b"openssh-key-v1")[:-1].decode()


class BadKey(Refusal):
    """The text is not a public key that we can put into a machine."""

    status = 400
    code = "bad_key"


class PrivateHalf(BadKey):
    """A private key was pasted: no page may show it again."""


def read_public_key(text: str) -> tuple[str, str, str]:
    """Read an OpenSSH or SSH2 public key: (one line without comment, fingerprint, comment). Raises BadKey with what to do.

    Whatever mail, a terminal or a word processor adds around a key is taken off, as long as it is clear what the key is.
    """
    if len(text) > LONGEST:
        raise BadKey(_("This is too long for a public key. Paste one key only: one line that begins with ssh-ed25519 or ssh-rsa."))  # fmt: skip
    text = _unwrapped(text)
    _refuse_private(text)
    kind, rest = _from_frame(text) or _from_line(text)
    raw, comment = _take_blob(rest)
    if raw[:4] != len(kind).to_bytes(4, "big") or raw[4 : 4 + len(kind)] != kind.encode():
        raise _damaged()
    line = f"{kind} {base64.b64encode(raw).decode()}"
    _check_whole(line)
    fingerprint = "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")
    return line, fingerprint, made_clean(comment.strip(_QUOTES))


def _unwrapped(text: str) -> str:
    """Reduce pasted text to plain blanks and line ends, without invisible characters, a mail's ">" and quotes around it all."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = "".join(" " if _is_blank(char) else char for char in text if unicodedata.category(char) != "Cf")
    lines = [re.sub(r"^(?:>\s?)+", "", line.strip()).strip() for line in text.split("\n")]
    return "\n".join(lines).strip(_QUOTES + "\n")


def _is_blank(char: str) -> bool:
    return char == "\t" or unicodedata.category(char) == "Zs"


def _refuse_private(text: str) -> None:
    if "PuTTY-User-Key-File" in text or "Private-Lines:" in text:
        raise PrivateHalf(
            _(
                "This is a .ppk file of PuTTY, private half included: keep it for yourself. Open it in PuTTYgen, and paste the text from the box at the top."
            )
        )
    if "PRIVATE KEY" in text or _OPENSSH_PRIVATE in text:
        raise PrivateHalf(
            _("This is the private half of a key: keep it for yourself. Paste the file that ends in .pub.")
        )
    if re.search(r"-----BEGIN [A-Z ]*PUBLIC KEY-----", text):
        raise BadKey(
            _(
                "This is a public key in another format (PEM). Convert its file to the format that Minga reads: ssh-keygen -i -m PKCS8 -f FILE"
            )
        )


def _from_frame(text: str) -> tuple[str, str] | None:
    """Split the format of RFC 4716, which PuTTYgen's "Save public key" writes, into (kind, base64 and comment)."""
    if not (found := _FRAME.search(text)):
        return None
    if len(_FRAME.findall(text)) > 1:
        raise _several()
    headers = {name.lower(): value.replace("\\\n", "") for name, value in _HEADER.findall(found[1])}
    blob = "".join(_HEADER.sub("", found[1]).split())
    return _kind_inside(blob), f"{blob} {headers.get('comment', '')}"


def _from_line(text: str) -> tuple[str, str]:
    """Split a line of OpenSSH into (kind, the rest). The kind may be missing: it stands in the key, too."""
    found = list(_KIND.finditer(text))
    if not found:
        return _from_bare_blob(text), text
    if any(re.match(r"\s+AAAA", text[other.end() :]) for other in found[1:]):
        raise _several()
    # Comments of a file stand for themselves; anything else could be options, which restrict a key, or a host's name.
    front = " ".join(line for line in text[: found[0].start()].split("\n") if line and not line.startswith("#"))
    if front.strip(_QUOTES):
        raise BadKey(
            _(
                "There is something before the key: “%(front)s”. Options are not accepted here; paste the line from “%(kind)s” on."
            ),
            {"front": made_clean(front, longest=60), "kind": _plain(found[0][1])},
        )
    return _plain(found[0][1]), text[found[0].end() :]


def _plain(kind: str) -> str:
    return re.sub("[\u2010\u2011\u2013]", "-", kind).lower()


def _from_bare_blob(text: str) -> str:
    if text.startswith("AAAA"):
        return _kind_inside("".join(text.split()))
    if re.match(r"ssh-dss\s", text):
        raise BadKey(_("DSA keys are no longer safe. Make a new one with: ssh-keygen -t ed25519"))
    if re.match(r"\S+-cert-v01@openssh\.com\s", text):
        raise BadKey(_("This is a certificate. Paste the key itself: the file that ends in .pub, without -cert."))
    raise BadKey(
        _(
            "This does not look like a public SSH key. It begins with ssh-ed25519 or ssh-rsa; find it in ~/.ssh/id_ed25519.pub."
        )
    )


def _kind_inside(blob: str) -> str:
    """Return the kind that stands in the key itself."""
    head = _decoded(blob[:64]) or b""
    kind = head[4 : 4 + int.from_bytes(head[:4], "big")].decode("ascii", "replace")
    if kind not in KINDS:
        raise _damaged()
    return kind


def _take_blob(rest: str) -> tuple[bytes, str]:
    """Split a text into (the key's bytes, what comes after them). Wrapped lines are joined until the key is whole."""
    lines = [line for line in rest.strip().split("\n") if line]
    for many in range(1, len(lines) + 1):
        blob, _blank, comment = lines[many - 1].strip().partition(" ")
        blob = "".join(lines[: many - 1]) + blob
        raw = _decoded(blob)
        if raw and _is_whole(raw):
            return raw, " ".join([comment, *lines[many:]])
    raise _damaged()


def _decoded(blob: str) -> bytes | None:
    """Decode base64 whose "=" at the end may be missing; None when it is none, or has bits that no key ends with."""
    blob = blob.rstrip("=")
    padded = blob + "=" * (-len(blob) % 4)
    try:
        raw = base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == padded else None


def _is_whole(raw: bytes) -> bool:
    """Return whether the fields of a key fill it to its end."""
    many, at = 0, 0
    while at + 4 <= len(raw):
        at += 4 + int.from_bytes(raw[at : at + 4], "big")
        many += 1
    kind = raw[4 : 4 + int.from_bytes(raw[:4], "big")].decode("ascii", "replace")
    return at == len(raw) and many == _fields(kind)


def _fields(kind: str) -> int:
    """Return how many fields a key of this kind has.

    ed25519: kind, point. RSA: kind, exponent, modulus. ECDSA: kind, curve, point. A security key's application comes last.
    """
    return (2 if kind.endswith("ed25519") or "-ed25519@" in kind else 3) + kind.startswith("sk-")


def _check_whole(line: str) -> None:
    """Check every field in turn: lengths, the curve and its point, the application of a security key."""
    try:
        key = serialization.load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm, NotImplementedError):  # the last: a point in compressed form
        raise _damaged() from None
    if not isinstance(key, rsa.RSAPublicKey):
        return
    if key.key_size < SHORTEST_RSA:
        raise BadKey(_("This RSA key is too short to be safe. Make a new one with: ssh-keygen -t ed25519"))
    if key.key_size > LONGEST_RSA:
        raise BadKey(_("This RSA key is longer than SSH accepts. Make a new one with: ssh-keygen -t ed25519"))
    if key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode() != line:
        raise _damaged()  # numbers with zeros in front: OpenSSH would show another fingerprint


def _damaged() -> BadKey:
    return BadKey(_("This public key is damaged: a part is missing or was changed. Copy the whole line again."))


def _several() -> BadKey:
    return BadKey(_("This is more than one key. Add them one after the other."))


def make_pair() -> tuple[str, str]:
    """Make an ed25519 key: (private half in OpenSSH's format, public line)."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    return private, public
