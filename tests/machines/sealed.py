"""A file of keys that seal, as make run makes it."""

from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet


def give_keys(settings: Any, folder: Path, count: int = 1) -> list[str]:
    """Set MACHINE_KEYS_FILE to a new file with so many keys; return them, the newest first."""
    keys = [Fernet.generate_key().decode() for _number in range(count)]
    write_keys(settings, folder, keys)
    return keys


def write_keys(settings: Any, folder: Path, keys: list[str]) -> None:
    path = folder / f"machine_keys-{'-'.join(key[:6] for key in keys)}"
    path.write_text("# the newest first\n" + "".join(f"{key}\n" for key in keys))
    settings.MACHINE_KEYS_FILE = str(path)
