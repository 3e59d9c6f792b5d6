"""Write a guest's key pair for Nova, and its user-data: further keys beside the template's own text.

Nova puts exactly one key into every kind of guest (cloud-init, CirrOS, a tiny image of one's own), early in the boot. Further keys
travel in the user-data: in a cloud-config in cloud-init's own way, otherwise in a small POSIX shell script.
"""

import base64
import hashlib
import json
from collections.abc import Collection, Iterable
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from cloud.contract import CLOUD_CONFIG, CloudRefused, ServerSpec
from cloud.openstack import guest_ssh
from lib.names import is_login

LONGEST = 65535  # characters of base64 that Nova takes
LONGEST_WITH_KEY = 30_000  # bytes of a template's text beside which a host key surely fits
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
# Of BusyBox and GNU alike. The file may be new; what else is in it stays.
ADD_PORTAL_KEYS = """\
# Minga: the portal's keys, for a person who has none of their own.
while IFS=: read -r name _ uid gid _ home _; do
    [ "$name" = '{login}' ] && [ -d "$home" ] || continue
    mkdir -p "$home/.ssh" && file="$home/.ssh/authorized_keys" && touch "$file"
    chmod 700 "$home/.ssh" && chmod 600 "$file" && chown "$uid:$gid" "$home/.ssh" "$file"
    [ -z "$(tail -c 1 "$file")" ] || echo >> "$file"
    while IFS= read -r key; do
        grep -qxF "$key" "$file" || printf '%s\\n' "$key" >> "$file"
    done <<'MINGA_KEYS'
{others}
MINGA_KEYS
done < /etc/passwd
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


def takes_host_key(text: str) -> bool:
    """Return whether the guest reads a host key beside this text: cloud-init, unless the template brings keys of its own.

    A long text goes alone, as it always did: in several parts it grows by a third.
    """
    return text.startswith(CLOUD_CONFIG) and "ssh_keys:" not in text and len(text.encode()) <= LONGEST_WITH_KEY


def of_spec(spec: ServerSpec, agents: Iterable[str]) -> str | None:
    """Return the user-data of a server, in base64. See user_data."""
    host_key = spec.host_key if takes_host_key(spec.user_data) else ""
    agents, ours = list(agents), [key for key in (spec.portal_key, spec.line_key) if key]
    try:
        return user_data(spec.user_data, spec.public_keys, ours, agents, host_key, spec.login)
    except CloudRefused:
        if not spec.portal_key:
            raise
    # A template that is too long is still launched, but without the portal's own key.
    ours.remove(spec.portal_key)
    return user_data(spec.user_data, spec.public_keys, ours, agents, host_key, spec.login)


def user_data(
    text: str,
    public_keys: tuple[str, ...],
    portal_keys: Collection[str] = (),
    agents: Iterable[str] = (),
    host_key: str = "",
    login: str = "",
) -> str | None:
    """Return user-data in base64, as Nova takes it; None when there is nothing in it. The first key of the person travels by Nova.

    portal_keys: whole lines of the portal's, perhaps with options, which no key pair of Nova carries. They go into the accounts that
    Nova's key has opened, and where the person has no key into that of `login`. agents: the networks from which all visitors come, see
    guest_ssh. host_key: the private half of the guest's own, only beside a text that takes_host_key.
    """
    add, keys = _added(public_keys, portal_keys, login)
    sshd = guest_ssh.script(agents)
    whole = text
    if host_key:
        whole = _multipart(text, keys, sshd, host_key)
    elif add or sshd:
        whole = _with(text, add, sshd, keys)
    return _encoded(whole) if whole else None


def _added(public_keys: tuple[str, ...], portal_keys: Collection[str], login: str) -> tuple[str, list[str]]:
    """Return what adds the keys that Nova does not: a script, and a list for cloud-config. Both empty where there are none."""
    if not public_keys:
        keys = list(portal_keys) if is_login(login) else []
        return ADD_PORTAL_KEYS.format(login=login, others="\n".join(keys)) if keys else "", keys
    more = [*map(_safe, public_keys[1:]), *portal_keys]
    if not more:
        return "", []
    return ADD_KEYS.format(first=blob(public_keys[0]), others="\n".join(more)), [_safe(public_keys[0]), *more]


def _encoded(whole: str) -> str:
    encoded = base64.b64encode(whole.encode()).decode()
    if len(encoded) > LONGEST:
        raise CloudRefused(
            f"The user-data has {len(encoded)} characters of base64, {LONGEST} are allowed: shorten the template's."
        )
    return encoded


def _with(text: str, add: str, sshd: str, keys: list[str]) -> str:
    """Return the template's text with ours. The shell commands `add` and `sshd` come first: the text may exit, or take long."""
    if not text.strip():
        return f"#!/bin/sh\n{add}{sshd}"
    if text.startswith("#!"):
        end = "MINGA_" + hashlib.sha256(text.encode()).hexdigest()[:12]
        return f"#!/bin/sh\n{add}{sshd}" + RUN_TEMPLATE.format(text=text.rstrip("\n"), end=end)
    return _multipart(text, keys, sshd)


def _multipart(text: str, keys: list[str], sshd: str, host_key: str = "") -> str:
    """Return a multipart text. Only cloud-init understands cloud-config and the like, and it merges several parts."""
    lines = "".join(f"  - {_yaml(key)}\n" for key in keys)
    ours = (f"ssh_authorized_keys:\n{lines}" if keys else "") + (_ssh_keys(host_key) if host_key else "")
    ours = f"{CLOUD_CONFIG}\nmerge_how: 'list(append)+dict(recurse_array)+str()'\n{ours}" if ours else ""
    whole = MIMEMultipart(boundary=BOUNDARY)
    for part in (text if text.strip() != CLOUD_CONFIG else "", ours, f"#!/bin/sh\n{sshd}" if sshd else ""):
        # cloud-init goes by the first line of a text/plain part.
        if part:
            whole.attach(MIMEText(part, "plain", "utf-8"))
    return whole.as_string()


def _ssh_keys(host_key: str) -> str:
    """Return the part that gives the guest its host key. cloud-init writes it before sshd starts, and makes no others."""
    lines = "".join(f"    {line}\n" for line in host_key.splitlines())
    return f"ssh_keys:\n  ed25519_private: |\n{lines}"


def _yaml(line: str) -> str:
    """Return a key for YAML: as it is, or in JSON's quotes, which YAML understands, where it has options."""
    return json.dumps(line) if '"' in line else line


def _safe(key: str) -> str:
    """Reduce a key to one line of harmless characters."""
    return "".join(c for c in " ".join(key.split()) if c.isalnum() or c in " +/=@.-_")
