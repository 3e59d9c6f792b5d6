"""Reasons why a guest's file could not be read or written: one exception, with a code and a sentence for the person."""

from typing import Any

from django.utils.translation import gettext_noop as _

from lib.notes import Note
from machines.guest_files.shown_names import shown

LONGEST_NAME = 120  # characters of a name in a sentence

SENTENCES = {
    "not_found": _("%(name)s is not there."),
    "no_permission": _("The machine does not allow its own user to do this with %(name)s."),
    "disk_full": _("The machine's disk is full, so %(name)s could not be written. Delete something on the machine, then try again."),
    "name_too_long": _("The name is too long. A name has at most 255 bytes, and a path 4,096."),
    "not_a_folder": _("%(name)s is not a folder."),
    "not_a_file": _("%(name)s is not a file that can be read: it is a folder, a device, or a connection."),
    "exists": _("%(name)s is there already."),
    "changed": _("%(name)s changed on the machine in the meantime. Try again."),
    "other_sum": _("%(name)s did not arrive as it was sent: its checksum is another one. It was thrown away. Send it again."),
    "no_sftp": _(
        "The machine's SSH offers no file transfer (SFTP). If a file such as .bashrc prints something at each sign-in, let it do so only in "
        "a terminal; otherwise install openssh-sftp-server on the machine."
    ),
    "odd_name": _("A path must not contain line breaks or the character NUL."),
    "refused_name": _("The machine does not take the name %(name)s: it may be too long for its disk, or have a character it does not allow."),
    "not_here": _("%(name)s cannot be renamed, replaced or deleted here. Choose something inside it."),
    "range": _("This piece does not continue the upload: %(received)s of its bytes have arrived."),
    "bad_range": _("Content-Range does not fit this piece. Write Content-Range: bytes FIRST-LAST/TOTAL, and send exactly these."),
    "bad_size": _("Say the size of the whole file as size=BYTES."),
    "bad_sum": _("The checksum must be a SHA-256: 64 hexadecimal digits."),
    "bad_verb": _("Say do=folder for a new folder, or do=rename and the new path as to=PATH."),
    "too_large": _("A piece has at most %(most)s MB. Send the file in several."),
    "slow": _("For a minute less than 2 KB a second came: the line is too slow. What has come is kept. Try again."),
    "busy": _("Another piece of the same upload is being written. Try again in a moment."),
    "too_many": _("%(name)s holds more than %(most)s files and folders. Delete it in the terminal: rm -r."),
    "too_big_to_move": _("The home has more than %(most)s GB, so Minga does not move it. Delete what is not needed, or download it and put it back by hand."),
    "odd_archive": _("This is no tar file of a home that Minga made, or it is damaged."),
    "no_answer": _("The machine did not answer in time. Try again."),
    "cut": _("The connection to the machine was lost. Try again."),
    "failed": _("The machine could not do this with %(name)s."),
}  # fmt: skip


class FileFault(Exception):
    """`code`: a stable word for programs. `facts`: what else a program may need, as {"received": 8388608}."""

    def __init__(self, code: str, name: bytes = b"", **facts: Any) -> None:
        super().__init__(code)
        self.code, self.facts = code, facts
        self.note = Note(SENTENCES[code], {"name": _cut(shown(name) or "~"), **facts})


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def fault_of(error: BaseException, name: bytes) -> FileFault:
    """Return what an error of asyncssh means. A guest may answer anything: whatever is not known is `failed`."""
    import asyncssh

    by_kind: list[tuple[type[BaseException] | tuple[type[BaseException], ...], str]] = [
        (FileFault, ""),
        (TimeoutError, "no_answer"),
        ((asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath), "not_found"),
        ((asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect), "no_permission"),
        ((asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded), "disk_full"),
        (asyncssh.SFTPFileAlreadyExists, "exists"),
        (asyncssh.SFTPNotADirectory, "not_a_folder"),
        (asyncssh.SFTPFileIsADirectory, "not_a_file"),
        (asyncssh.SFTPInvalidFilename, "refused_name"),
        ((asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, OSError, EOFError), "cut"),
    ]
    if isinstance(error, FileFault):
        return error
    if isinstance(error, asyncssh.SFTPBadMessage) and error.reason == "Bad message":  # OpenSSH: ENAMETOOLONG, EINVAL
        return FileFault("refused_name", name)
    code = next((code for kinds, code in by_kind if isinstance(error, kinds)), "failed")
    return FileFault(code, name)
