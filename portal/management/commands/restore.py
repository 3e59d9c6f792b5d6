"""manage.py restore FILE: database and files as they were, and at peace with the cloud as it is."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.migrations.loader import MigrationLoader

from cloud import open_cloud
from cloud.contract import CloudError
from machines.reconcile import after_restore
from portal.ops import backup, backup_archive


class Command(BaseCommand):
    help = "Put a backup in the place of the database, then compare every machine with the cloud. Stop web, live, worker and beat first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?")
        parser.add_argument("--force", action="store_true", help="end the database sessions of others and go on")
        parser.add_argument("--meet", action="store_true", help="only compare with the cloud what a restore left held")

    def handle(self, *args: Any, **options: Any) -> None:
        if (options["file"] is None) is not options["meet"]:
            raise CommandError("Say which file to restore, or --meet.")
        try:
            if options["file"]:
                self._restore(options["file"], force=options["force"])
            elif not after_restore.is_due():
                raise CommandError("No machine is held from a restore: there is nothing to compare.")
            self._meet()
        except backup.BadBackup as bad:
            raise CommandError(str(bad)) from None

    def _restore(self, path: Path, *, force: bool) -> None:
        found = backup.tools()
        with backup_archive.opened(path, found) as contents:
            _refuse_newer(contents.dump, found)
            _require_alone(force=force)
            files = backup_archive.put_files(contents)
            backup.load(contents.dump, found, then=after_restore.HOLD)
        self.stdout.write("The database is restored. No machine is touched until each was compared with the cloud.")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        self.stdout.write(
            f"{files} files of people came back into FILES_DIR; {len(contents.sizes) - files} were there."
        )
        if lost := backup_archive.missing():
            self.stderr.write(f"FILES_DIR lacks {len(lost)} files that rows speak of: {', '.join(lost[:3])} …")

    def _meet(self) -> None:
        try:
            counts = after_restore.compare_with_cloud(open_cloud())
        except CloudError as error:
            raise CommandError(
                f"The cloud cannot be asked ({error}). The database is restored and its machines are held: nothing is "
                "done to any of them. When it can be asked: manage.py restore --meet"
            ) from None
        said = ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "none"
        self.stdout.write(f"Compared with the cloud: {said}. Start web, live, worker and beat now.")
        if counts.get("unknown"):
            self.stdout.write("The cloud cannot see those that are unknown; they stay held: manage.py restore --meet")


def _require_alone(*, force: bool) -> None:
    if force:
        backup.end_others()
    elif others := backup.others():
        raise CommandError(
            f"{others} other sessions are open on the database. Stop web, live, worker and beat first, "
            "and whoever else looks at it; --force ends their sessions."
        )


def _refuse_newer(path: Path, found: backup.Tools) -> None:
    """Refuse a backup of a newer Minga: it knows migrations which this one does not have."""
    known = set(MigrationLoader(None).disk_migrations or {})
    apps = {app for app, _name in known}
    newer = sorted(f"{app}.{name}" for app, name in backup.applied(path, found) - known if app in apps)
    if newer:
        raise CommandError(f"This backup is of a newer Minga (it has {newer[0]}). Update first; nothing was changed.")
