"""manage.py backup FILE-or-FOLDER: the portal's whole database in one file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.ops.backup import BadBackup, save


class Command(BaseCommand):
    help = "Write the database into a file: manage.py backup /backups (a folder gets minga-DATE-TIME.dump in it)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--keep", type=_count, help="with a folder: so many stay, older ones are removed")

    def handle(self, *args: Any, **options: Any) -> None:
        place: Path = options["file"]
        is_folder = place.is_dir()
        if options["keep"] and not is_folder:
            raise CommandError(f"--keep is for a folder, and {place} is none.")
        path = place / f"minga-{timezone.now():%Y%m%d-%H%M%S}.dump" if is_folder else place
        try:
            size = save(path)
        except BadBackup as bad:
            raise CommandError(str(bad)) from None
        for old in _older(place, options["keep"]) if options["keep"] else []:
            old.unlink()
        self.stdout.write(f"{path}: {size / 1e6:.1f} MB, read back to its end. Keep it secret: it holds people's data.")


def _older(folder: Path, keep: int) -> list[Path]:
    """Return our backups beyond the newest `keep`; their names sort by time."""
    return sorted(folder.glob("minga-*-*.dump"), reverse=True)[keep:]


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ValueError
    return int(text)
