"""Lines for a person's own computer, to be copied: how ssh, PowerShell and PuTTY are told of a machine and of a key's file."""

from collections.abc import Sequence
from urllib.parse import quote


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


def scp(*, host: str, port: int, user: str, file: str, key_file: str = "") -> tuple[str, str]:
    """Return the lines that copy a file to the home folder of a machine, and from it. `key_file`: as in connect, of which the rest holds, too."""
    identity = f"-i ~/.ssh/{key_file} " if key_file else ""
    there = _home(user, host)
    return f"scp {identity}-P {port} {file} {there}", f"scp {identity}-P {port} {there}{file} ."


def rsync(*, host: str, port: int, user: str, folder: str, key_file: str = "") -> tuple[str, str]:
    """Return the same for a folder, by rsync: what was cut goes on where it was."""
    identity = f"-i ~/.ssh/{key_file} " if key_file else ""
    begin, there = f'rsync -av --partial --progress -e "ssh {identity}-p {port}"', _home(user, host)
    return f"{begin} {folder} {there}", f"{begin} {there}{folder} ."


def _home(user: str, host: str) -> str:
    return f"{user}@[{host}]:" if ":" in host else f"{user}@{host}:"


def code_address(host: str, user: str) -> str:
    """Return the address that opens a home folder in VS Code. `host`: as it writes one, an alias of ~/.ssh/config or user@host:port."""
    home = "/root" if user == "root" else f"/home/{user}"
    return f"vscode://vscode-remote/ssh-remote+{quote(host, safe='@:[]')}{quote(home)}"


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
