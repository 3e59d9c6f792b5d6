"""What can go wrong. str() of each is one sentence for a person."""


class MingaError(Exception):
    """Whatever kept a request from its answer."""


class Unreachable(MingaError):
    """Nobody answers at this address."""


class OtherServer(MingaError):
    """What answers is no Minga, or one of a version that this client does not understand."""


class Refused(MingaError):
    """Minga refuses. `code` is stable and for programs; `errors` are (field, sentence) with the code invalid."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: tuple[tuple[str, str], ...] = (),
        retry_after: float | None = None,
    ) -> None:
        """`retry_after`: in how many seconds it may be tried again; None where that would not help."""
        super().__init__(detail)
        self.status, self.code, self.errors, self.retry_after = status, code, errors, retry_after


class NotSignedIn(Refused):
    """The token has expired, was revoked, or is none."""
