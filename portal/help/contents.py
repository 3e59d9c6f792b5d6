"""The table of contents: which pages of docs/ are help, and for whom."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

DOCS: Path = settings.BASE_DIR / "docs"
SPANISH = "es"


class Audience(StrEnum):
    """The group of readers that a page is written for. Pages for administrators are for them alone, all others for everybody."""

    STUDENTS = "students"
    TEACHERS = "teachers"
    DONORS = "donors"
    PROGRAMS = "programs"
    ADMINS = "administrators"


HEADINGS: dict[Audience, Promise] = {
    Audience.STUDENTS: _("For students"),
    Audience.TEACHERS: _("For teachers"),
    Audience.DONORS: _("For donors"),
    Audience.PROGRAMS: _("For programs"),
    Audience.ADMINS: _("For administrators"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of help. Its name stands in its address; its file is below docs/, its translation at the same place below docs/es/."""

    name: str
    audience: Audience
    file: str

    @property
    def is_for_admins(self) -> bool:
        return self.audience is Audience.ADMINS

    def source(self, language: str) -> Path | None:
        """Return the file of this page in a language; None where nobody has written it."""
        path = DOCS / language / self.file if language == SPANISH else DOCS / self.file
        return path if path.is_file() else None


def _admin(*names: str) -> list[Page]:
    return [Page(name, Audience.ADMINS, f"admin/{name}.md") for name in names]


def _not_named(pages: tuple[Page, ...]) -> list[Page]:
    """Return a page for each file of docs/students/ and docs/admin/ that has none yet, so that a new one is never out of help."""
    files = {page.file for page in pages}
    folders = (("students", Audience.STUDENTS), ("admin", Audience.ADMINS))
    found = [(path, audience) for folder, audience in folders for path in sorted((DOCS / folder).glob("*.md"))]
    return [
        Page(path.stem, audience, file)
        for path, audience in found
        if (file := str(path.relative_to(DOCS))) not in files
    ]


# In the order in which the list shows them.
_NAMED = (
    Page("student", Audience.STUDENTS, "student.md"),
    Page("keys", Audience.STUDENTS, "students/keys.md"),
    Page("terminal", Audience.STUDENTS, "students/terminal.md"),
    Page("files", Audience.STUDENTS, "students/files.md"),
    Page("sleep", Audience.STUDENTS, "students/sleep.md"),
    Page("signing-in", Audience.STUDENTS, "students/signing-in.md"),
    Page("command-line", Audience.STUDENTS, "command-line.md"),
    Page("teacher", Audience.TEACHERS, "teacher.md"),
    Page("donor", Audience.DONORS, "donor.md"),
    Page("api", Audience.PROGRAMS, "api.md"),
    Page("admin", Audience.ADMINS, "admin/README.md"),
    *_admin("dashboard", "people", "machines", "computers", "nodes", "announcements", "sign-in", "sign-in-elsewhere"),
    *_admin("audit", "idle", "mail", "machine-keys", "tunnels", "cloud", "horizon"),
    *_admin("install", "settings", "roles", "backup", "observability"),
    Page("security", Audience.ADMINS, "security.md"),
    Page("states", Audience.ADMINS, "states.md"),
)
PAGES = (*_NAMED, *_not_named(_NAMED))
BY_NAME = {page.name: page for page in PAGES}
BY_FILE = {page.file: page for page in PAGES}


def at(path: Path) -> Page | None:
    """Return the page whose text, in whichever language, stands in this file."""
    if not path.is_relative_to(DOCS):
        return None
    below = path.relative_to(DOCS)
    parts = below.parts[1:] if below.parts[:1] == (SPANISH,) else below.parts
    return BY_FILE.get("/".join(parts))
