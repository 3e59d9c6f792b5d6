"""Evidence for a wipe: reports and logs of the tools, as PDF or plain text. What a file is its bytes say, not its name."""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from accounts.models import User
from lib.notes import Refusal
from nodes.files import file_store
from nodes.files.models import StoredFile
from nodes.wiping.models import DiskWipe, WipeEvidence

MOST_BYTES = 20_000_000  # of a file
MOST = 6  # files of a disk
LONGEST_NAME = 100
PDF, TEXT = "application/pdf", "text/plain; charset=utf-8"
_PDF_HEAD = b"%PDF-"
# Besides printable marks: line ends, tabs, form feeds, and the escapes by which tools colour what they print.
_IN_TEXT = frozenset("\n\r\t\f\b\x1b")


class BadEvidence(Refusal):
    """A file that is no evidence that we take, or one too many. The text says what to do."""

    status = 400
    code = "bad_evidence"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that was read: its name, what it is, and its bytes."""

    name: str
    media_type: str
    data: bytes


def read(name: str, data: bytes) -> Evidence:
    """Check a file that somebody sends. Raises BadEvidence."""
    if len(data) > MOST_BYTES:
        text = _("This file is larger than %(most)s MB. Send the part that is about this disk.")
        raise BadEvidence(text, {"most": MOST_BYTES // 10**6})
    if not data.strip():
        raise BadEvidence(_("This file is empty."))
    if data.startswith(_PDF_HEAD):
        return Evidence(_named(name, ".pdf"), PDF, data)
    if _is_text(data):
        return Evidence(_named(name, ".txt"), TEXT, data)
    raise BadEvidence(_("Only PDF and plain text (UTF-8) are taken. Save what the tool printed as a text file."))


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return all(
        mark.isprintable() or mark in _IN_TEXT or unicodedata.category(mark) in ("Zs", "Cf") for mark in set(text)
    )


def _named(name: str, ending: str) -> str:
    """Return a plain file name with the ending that its bytes have."""
    plain = "".join(mark for mark in name.rpartition("/")[2].rpartition("\\")[2] if mark.isprintable()).strip(" .")
    stem = plain if not plain.lower().endswith((".pdf", ".txt", ".log")) else plain[:-4]
    ending = ".log" if ending == ".txt" and plain.lower().endswith(".log") else ending
    return f"{stem[: LONGEST_NAME - len(ending)] or 'evidence'}{ending}"


def keep(disk: DiskWipe, files: Sequence[Evidence], by: User) -> None:
    """Keep evidence of a disk, all of it or none, in the transaction of its record. Raises file_store.NoRoom, BadEvidence for too many."""
    if disk.evidence.count() + len(files) > MOST:
        raise BadEvidence(_("A disk has at most %(most)s files of evidence."), {"most": MOST})
    kept: list[StoredFile] = []
    try:
        for file in files:
            kept += file_store.keep([file.data], file.media_type)
    except BaseException:
        for row in kept:
            file_store.path_of(row).unlink(missing_ok=True)
        raise
    rows = zip(files, kept, strict=True)
    WipeEvidence.objects.bulk_create(WipeEvidence(disk=disk, file=row, name=file.name, by=by) for file, row in rows)


def copy(of: DiskWipe, to: DiskWipe) -> None:
    """Give the record that corrects another one the same evidence."""
    rows = of.evidence.order_by("pk")
    WipeEvidence.objects.bulk_create(
        WipeEvidence(disk=to, file_id=row.file_id, name=row.name, added_at=row.added_at, by_id=row.by_id)
        for row in rows
    )


def remove(rows: Collection[WipeEvidence]) -> None:
    """Remove evidence; a file that no other record has follows a day later."""
    files = {row.file_id: row.file for row in rows}
    WipeEvidence.objects.filter(pk__in=[row.pk for row in rows]).delete()
    still = set(WipeEvidence.objects.filter(file__in=files).values_list("file_id", flat=True))
    file_store.drop([file for pk, file in files.items() if pk not in still])
