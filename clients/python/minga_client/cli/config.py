"""The portal's address and the token: from the environment, else from a file that only its owner can read."""

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import MingaError, NotSignedIn


@dataclass(frozen=True, slots=True)
class Config:
    """A portal's address and a token, each '' where there is none."""

    url: str = ""
    token: str = ""


def folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "minga"


def load() -> Config:
    """Return what is in force. Raises NotSignedIn where that is not enough to ask anything.

    A token of the file goes to the file's portal only: MINGA_URL with another address needs MINGA_TOKEN beside it.
    """
    kept = read()
    url = os.environ.get("MINGA_URL", "").rstrip("/") or kept.url
    token = os.environ.get("MINGA_TOKEN", "") or (kept.token if url == kept.url else "")
    if not url or not token:
        raise NotSignedIn(401, "not_signed_in", f"You are not signed in{f' at {url}' if url else ''}.")
    return Config(url, token)


def read() -> Config:
    """Return what the file says; nothing where there is none. Raises MingaError where others can read it."""
    path = folder() / "config.json"
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise MingaError(f"Others can read your token. Do this: chmod 600 {path}")
            data = json.load(file)
        return Config(str(data["url"]), str(data["token"]))
    except FileNotFoundError:
        return Config()
    except (ValueError, KeyError, TypeError):
        raise MingaError(f"{path} is damaged. Delete it, then sign in again.") from None


def write(config: Config) -> None:
    """Replace the file at once, mode 0600 from its first moment."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=folder())  # 0600
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            json.dump(asdict(config), file, indent=2)
        os.replace(name, folder() / "config.json")
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


def forget() -> None:
    """Delete the file."""
    (folder() / "config.json").unlink(missing_ok=True)
