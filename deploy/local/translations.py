"""Check the translations: every sentence of the code is in every language, none is a guess, placeholders agree.

xgettext finds the sentences, as Django's makemessages does; it works on a copy, so that checking changes nothing.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polib

SOURCES = (
    "portal",
    "machines",
    "courses",
    "nodes",
    "quotas",
    "tunnels",
    "catalog",
    "accounts",
    "cloud",
    "lib",
    "templates",
)
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w*)\}")


def faults(root: Path) -> list[str]:
    """Return a sentence for each thing that is wrong."""
    if shutil.which("xgettext") is None:
        return ["xgettext is missing: apt install gettext."]
    catalogues = sorted(root.glob("locale/*/LC_MESSAGES/django.po"))
    if not catalogues:
        return ["locale/es/LC_MESSAGES/django.po is missing."]
    return [fault for path in catalogues for fault in _faults_of(root, path)]


def _faults_of(root: Path, path: Path) -> Iterator[str]:
    language = path.parents[1].name
    ours = polib.pofile(str(path))
    known = {_key(entry): entry for entry in ours if not entry.obsolete}
    for key in sorted(_sentences(root, language)):
        if key not in known:
            yield f"{language}: not translated: {key[1]!r}"
    for entry in known.values():
        if "fuzzy" in entry.flags or not entry.translated():
            yield f"{language}: no finished translation: {entry.msgid!r}"
        elif not _placeholders_agree(entry):
            yield f"{language}: other placeholders than the English: {entry.msgid!r}"


def _key(entry: polib.POEntry) -> tuple[str, str]:
    return (entry.msgctxt or "", entry.msgid)


def _placeholders_agree(entry: polib.POEntry) -> bool:
    """Return whether the placeholders agree. The singular of a plural may leave its number out."""
    wanted = _placeholders(entry.msgid) | _placeholders(entry.msgid_plural)
    texts = list(entry.msgstr_plural.values()) or [entry.msgstr]
    return all(_placeholders(text) <= wanted for text in texts) and _placeholders(texts[-1]) == wanted


def _placeholders(text: str) -> set[str]:
    return {match.group(0) for match in PLACEHOLDER.finditer(text.replace("%%", ""))}


def _sentences(root: Path, language: str) -> set[tuple[str, str]]:
    """Return every sentence that the code marks, from makemessages on a copy without any translation."""
    with tempfile.TemporaryDirectory() as folder:
        for name in SOURCES:
            if (root / name).is_dir():
                shutil.copytree(
                    root / name, Path(folder) / name, ignore=shutil.ignore_patterns("__pycache__", "migrations")
                )
        (Path(folder) / "locale").mkdir()
        # The settings of the real site name its own locale folder; makemessages needs none of them.
        environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        command = [sys.executable, "-m", "django", "makemessages", "--locale", language, "--verbosity", "0"]
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        found = Path(folder) / "locale" / language / "LC_MESSAGES" / "django.po"
        return {_key(entry) for entry in polib.pofile(str(found))} if found.exists() else set()
