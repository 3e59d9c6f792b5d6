"""Errors of the client. str() of each is one sentence for a person."""


class MingaError(Exception):
    """An error that kept a request from its answer."""


class Unreachable(MingaError):
    """The portal does not answer at this address."""


class OtherServer(MingaError):
    """The answer is not Minga's, or of a version that this client does not understand."""


class Refused(MingaError):
    """Minga refuses. `code` is stable and for programs; `errors` are (field, sentence) with the code invalid.

    `ways_out`: sentences, with the code quota_exceeded: what would make room, the smallest first.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: tuple[tuple[str, str], ...] = (),
        retry_after: float | None = None,
        ways_out: tuple[str, ...] = (),
    ) -> None:
        """Keep what the portal said. `retry_after`: in how many seconds it may be tried again; None where that would not help."""
        super().__init__(detail)
        self.status, self.code, self.errors, self.retry_after = status, code, errors, retry_after
        self.ways_out = ways_out


class NotSignedIn(Refused):
    """The token has expired, was revoked, or is none."""
