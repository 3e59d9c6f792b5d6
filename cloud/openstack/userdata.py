"""Write what a guest is given: a key pair for Nova, and user-data that carries further keys beside the template's own text.

Nova puts exactly one key into every kind of guest (cloud-init, CirrOS, a tiny image of one's own), early in the boot. Further keys
travel in the user-data: to cloud-config in cloud-init's own way, to scripts and to nothing at all as a small POSIX shell script.
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from cloud.contract import CloudRefused
from cloud.openstack import guest_ssh

LONGEST = 65535  # characters of base64 that Nova takes
BOUNDARY = "==minga=="  # fixed, so that the same wish gives the same bytes

ADD_KEYS = """\
# Minga: the person's other keys, beside the one that the cloud put in.
for file in /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys; do
    grep -qsF '{first}' "$file" || continue
    while IFS= read -r key; do
        grep -qxF "$key" "$file" || printf '%s\\n' "$key" >> "$file"
    done <<'MINGA_KEYS'
{others}
MINGA_KEYS
done
"""
RUN_TEMPLATE = """\
# The template's own script.
script="$(mktemp)" && cat > "$script" <<'{end}' && chmod 700 "$script" && "$script"
{text}
{end}
"""


def keypair_name(prefix: str, public_key: str) -> str:
    """Return a name that is the same for the same key, whatever its comment."""
    return prefix + hashlib.sha256(blob(public_key).encode()).hexdigest()[:16]


def blob(public_key: str) -> str:
    """Return the part of an OpenSSH line that is the key itself."""
    parts = public_key.split()
    return parts[1] if len(parts) > 1 else public_key.strip()


def user_data(text: str, public_keys: tuple[str, ...], line_key: str = "", agents: Iterable[str] = ()) -> str | None:
    """Return user-data in base64, as Nova takes it; None when there is nothing to say. The first key is Nova's business.

    line_key goes along where the person has a key: a key pair of Nova carries no options, and without one of the person's nobody
    knows into which accounts it belongs. agents: the networks from which all visitors come, see guest_ssh.
    """
    more = [_safe(key) for key in public_keys[1:]] + ([line_key] if line_key and public_keys else [])
    add = ADD_KEYS.format(first=blob(public_keys[0]), others="\n".join(more)) if more else ""
    sshd = guest_ssh.script(agents)
    whole = _with(text, add, sshd, [_safe(public_keys[0]), *more] if more else []) if add or sshd else text
    if not whole:
        return None
    encoded = base64.b64encode(whole.encode()).decode()
    if len(encoded) > LONGEST:
        raise CloudRefused(
            f"The user-data has {len(encoded)} characters of base64, {LONGEST} are allowed: shorten the template's."
        )
    return encoded


def _with(text: str, add: str, sshd: str, keys: list[str]) -> str:
    """Return the template's text with ours. `add` and `sshd` are commands of a shell, and come first: the text may end it, or take long."""
    if not text.strip():
        return f"#!/bin/sh\n{add}{sshd}"
    if text.startswith("#!"):
        end = "MINGA_" + hashlib.sha256(text.encode()).hexdigest()[:12]
        return f"#!/bin/sh\n{add}{sshd}" + RUN_TEMPLATE.format(text=text.rstrip("\n"), end=end)
    return _multipart(text, keys, sshd)


def _multipart(text: str, keys: list[str], sshd: str) -> str:
    """Return several parts: cloud-config and the like are understood by cloud-init only, which takes several parts and merges them."""
    lines = "".join(f"  - {_yaml(key)}\n" for key in keys)
    ours = f"#cloud-config\nmerge_how: 'list(append)+dict(recurse_array)+str()'\nssh_authorized_keys:\n{lines}"
    whole = MIMEMultipart(boundary=BOUNDARY)
    for part in (text, ours if keys else "", f"#!/bin/sh\n{sshd}" if sshd else ""):
        # cloud-init goes by the first line of a text/plain part.
        if part:
            whole.attach(MIMEText(part, "plain", "utf-8"))
    return whole.as_string()


def _yaml(line: str) -> str:
    """Return a key for YAML: as it is, or in JSON's quotes where it has options."""
    return json.dumps(line) if '"' in line else line


def _safe(key: str) -> str:
    """Reduce a key to one line, of the characters that keys and their comments consist of."""
    return "".join(c for c in " ".join(key.split()) if c.isalnum() or c in " +/=@.-_")
