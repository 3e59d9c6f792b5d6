"""The working tree as YOUR-COPY-OF-MINGA, a bare repository, and versions that come after it."""

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
MIGRATION = '''"""Planted by the test of the installation page: a version whose tables differ."""

from django.db import migrations


def change(apps, schema_editor):
    {what}


class Migration(migrations.Migration):
    dependencies = [("catalog", "{last}")]
    operations = [migrations.RunPython(change, migrations.RunPython.noop)]
'''


class Copy:
    def __init__(self, place: Path) -> None:
        """Take what is committed and what is changed since; a new file must at least be known to git."""
        self.place = place
        git("init", "--quiet", "--bare", "--initial-branch", "main", str(place))
        git("-C", str(place), "config", "receive.shallowUpdate", "true")
        state = git("-C", str(ROOT), "stash", "create") or git("-C", str(ROOT), "rev-parse", "HEAD")
        git("-C", str(ROOT), "push", "--quiet", str(place), f"{state}:refs/heads/main")

    def commit(self, subject: str, what: str) -> None:
        """A newer version, whose one migration does `what`."""
        with TemporaryDirectory() as folder:
            git("clone", "--quiet", str(self.place), folder)
            migrations = Path(folder) / "catalog/migrations"
            last = max(path.stem for path in migrations.glob("0*.py"))
            (migrations / "9999_planted.py").write_text(MIGRATION.format(what=what, last=last))
            git("-C", folder, "add", "--all")
            git("-C", folder, "commit", "--quiet", "--message", subject)
            git("-C", folder, "push", "--quiet", "origin", "HEAD:main")


def git(*words: str) -> str:
    names = {f"GIT_{who}_{what}": "minga@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    done = subprocess.run(["git", *words], check=True, capture_output=True, text=True, env={**os.environ, **names})
    return done.stdout.strip()
