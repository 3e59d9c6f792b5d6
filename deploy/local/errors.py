"""Errors that stop a start, each said in one sentence."""

import errno


class LauncherError(Exception):
    """A sentence that says what is wrong and what to do. Printed alone, without a traceback."""


def of_os_error(error: OSError) -> LauncherError:
    """Return the sentence for a refusal of the operating system (a full disk, a read-only folder)."""
    where = error.filename or "the data folder"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LauncherError("The disk is full. Free some room, or say DATA=<a folder on another disk>.")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return LauncherError(f"{where} cannot be written. Make it yours, or say DATA=<a folder that you may write to>.")
    if error.errno in (errno.ENOTDIR, errno.ENOENT, errno.EEXIST):
        return LauncherError(f"{where} is no folder that can be made. Say DATA=<a folder that you may write to>.")
    return LauncherError(f"The computer refused: {error}.")
