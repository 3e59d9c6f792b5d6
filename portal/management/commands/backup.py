"""manage.py backup FILE-or-FOLDER: the portal's whole database and the files of people, in one file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.ops import backup_archive
from portal.ops.backup import BadBackup


class Command(BaseCommand):
    help = "Write database and files of people into a file: manage.py backup /backups (a folder gets minga-DATE-TIME.tar in it)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--keep", type=_count, help="with a folder: so many stay, older ones are removed")

    def handle(self, *args: Any, **options: Any) -> None:
        place: Path = options["file"]
        is_folder = place.is_dir()
        if options["keep"] and not is_folder:
            raise CommandError(f"--keep is for a folder, and {place} is none.")
        path = place / f"minga-{timezone.now():%Y%m%d-%H%M%S}.tar" if is_folder else place
        try:
            size = backup_archive.save(path)
        except BadBackup as bad:
            raise CommandError(str(bad)) from None
        for old in _older(place, options["keep"]) if options["keep"] else []:
            old.unlink()
        self.stdout.write(f"{path}: {size / 1e6:.1f} MB, read back to its end. Keep it secret: it holds people's data.")
        if lost := backup_archive.missing():
            raise CommandError(
                f"The backup is made, but FILES_DIR lacks {len(lost)} files that rows speak of: {', '.join(lost[:3])} …"
            )


def _older(folder: Path, keep: int) -> list[Path]:
    """Return our backups beyond the newest `keep`; their names sort by time."""
    ours = [*folder.glob("minga-*-*.tar"), *folder.glob("minga-*-*.dump")]  # .dump: those of 0.4 and older
    return sorted(ours, key=lambda path: path.stem, reverse=True)[keep:]


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ValueError
    return int(text)
