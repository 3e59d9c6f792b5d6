"""Part files of uploads that nobody goes on with: they are removed when another large upload begins in the same folder."""

import contextlib
import re

from machines.guest_files.file_faults import FileFault
from machines.guest_files.folder_lists import listing
from machines.guest_files.guest_paths import inside
from machines.guest_files.sftp_sessions import Session

KEPT_SECONDS = 14 * 86400
_PART = re.compile(rb"\..+\.[0-9]{1,16}\.minga-part", re.DOTALL)


async def remove(session: Session, folder: bytes, now: int) -> None:
    """Remove ours that nobody has written to for long. `now`: on the guest's clock, which also tells the age of a file."""
    with contextlib.suppress(FileFault):
        uid = (await session.facts(session.home)).uid
        for entry in (await listing(session, folder)).entries:
            is_old = entry.facts.modified < now - KEPT_SECONDS
            if is_old and entry.facts.kind == "file" and entry.facts.uid == uid and _PART.fullmatch(entry.name):
                path = inside(folder, entry.name)
                await session.ask(path, session.client.remove(path))
