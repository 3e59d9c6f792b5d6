#!/usr/bin/env python3
"""Django's command line for Minga, also without anything being set: it finds the packages and the settings by itself.

The packages: .venv beside this file. The settings: the environment (compose, systemd's `manage`); else those of the `make run` that
runs, or ran last, on DATA, by default .data; else /etc/minga/minga.env, by systemd's `manage`.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
PYTHON = ROOT / ".venv" / "bin" / "python"
PRODUCTION = Path(os.environ.get("MINGA_ENV", "/etc/minga/minga.env"))


def main() -> None:
    use_packages()
    data = use_settings()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if data is None:
            raise
        stop(f"the database of {data} does not answer. Does `make run` run there? ({str(error).splitlines()[0]})")


def stop(sentence: str) -> NoReturn:
    sys.exit(f"manage.py: {sentence}")


def use_packages() -> None:
    """Go on inside .venv, unless this is a virtual environment that has the packages already."""
    is_at_home = sys.prefix != sys.base_prefix and importlib.util.find_spec("django") is not None
    if is_at_home or Path(sys.prefix) == PYTHON.parents[1]:
        return
    if PYTHON.exists():
        os.execv(PYTHON, [str(PYTHON), str(ROOT / "manage.py"), *sys.argv[1:]])
    if importlib.util.find_spec("django") is None:
        stop(
            f"{ROOT} has no packages yet: say `make run` there. With compose: docker compose run --rm manage {' '.join(sys.argv[1:])}"
        )


def use_settings() -> Path | None:
    """Take over the settings of `make run`, where none are given. The folder that they are from."""
    if "SECRET_KEY" in os.environ or "DATABASE_URL" in os.environ:
        return None
    data = Path(os.environ.get("DATA") or folder()).expanduser().absolute()
    try:
        found: dict[str, str] = json.loads((data / "run" / "settings.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        use_production(data)
    except (OSError, ValueError) as error:
        stop(f"the settings in {data} cannot be read ({error}). Run this as whoever runs `make run`.")
    for name, value in found.items():
        os.environ.setdefault(name, value)
    return data


def use_production(data: Path) -> NoReturn:
    if not PRODUCTION.exists() and not os.environ.get("MINGA_ENV"):
        stop(
            f"there are no settings: no {PRODUCTION}, and no `make run` has run on {data}. Start that, or say DATA=FOLDER before this."
        )
    program = str(ROOT / "deploy" / "systemd" / "manage")
    os.execv(program, [program, *sys.argv[1:]])


def folder() -> Path:
    """Return the data folder as the launcher names it: each cloud has its own."""
    cloud = os.environ.get("OS_CLOUD") or ("openstack" if os.environ.get("OS_AUTH_URL") else "")
    return ROOT / (f".data-{cloud}" if cloud else ".data")


if __name__ == "__main__":
    main()
