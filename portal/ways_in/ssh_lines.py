"""Lines for a person's own computer, to be copied: how ssh, PowerShell and PuTTY are told of a machine and of a key's file."""

from collections.abc import Sequence


def connect(*, host: str, port: int, user: str, key_file: str = "") -> str:
    """Return the line that signs in. `key_file`: the name of a private key in ~/.ssh; '' for one that ssh tries by itself.

    ssh expands ~ itself, so the line is the same in PowerShell. Where the file is missing, ssh says so and tries the usual ones.
    """
    identity = f"-i ~/.ssh/{key_file} " if key_file else ""
    return f"ssh {identity}-p {port} {user}@{host}"


def config(*, alias: str, host: str, port: int, user: str, key_files: Sequence[str], host_key_alias: str) -> str:
    """Return a block for ~/.ssh/config. Where files are named, no other key is tried: servers hang up after some."""
    identities = [f"IdentityFile ~/.ssh/{name}" for name in key_files]
    lines = [
        f"HostName {host}",
        f"Port {port}",
        f"User {user}",
        *identities,
        *(["IdentitiesOnly yes"] if identities else []),
        f"HostKeyAlias {host_key_alias}",
        "ServerAliveInterval 30",
    ]
    return "\n    ".join([f"Host {alias}", *lines])


def forget(name: str) -> str:
    """Return the line that has ssh forget a host key. `name`: a HostKeyAlias, or [host]:port."""
    return f'ssh-keygen -R "{name}"'


def store_unix(key_file: str) -> str:
    """Return the line that moves a saved key to where ssh looks. Browsers save in ~/Downloads, in Spanish ~/Descargas."""
    return f"mkdir -p ~/.ssh && mv -i ~/D*/{key_file} ~/.ssh/ && chmod 600 ~/.ssh/{key_file}"


def store_windows(key_file: str) -> str:
    """Return the same for PowerShell: ssh refuses a key that others may read."""
    folder = "$HOME\\.ssh"
    return (
        f'md -Force "{folder}" > $null; mv "$HOME\\Downloads\\{key_file}" "{folder}"; '
        f'icacls "{folder}\\{key_file}" /inheritance:r /grant:r "${{env:USERNAME}}:F"'
    )


def puttygen(key_file: str) -> str:
    """Return the line for PowerShell that opens a key in PuTTYgen, which saves it in PuTTY's own format."""
    return f'puttygen "$HOME\\.ssh\\{key_file}"'


def putty(*, host: str, port: int, user: str, key_file: str = "") -> str:
    """Return the line for PowerShell that opens PuTTY. `key_file`: as in connect; its converted copy stands beside it."""
    identity = f' -i "$HOME\\.ssh\\{key_file}.ppk"' if key_file else ""
    return f"putty -ssh {user}@{host} -P {port}{identity}"
