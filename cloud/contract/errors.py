"""The errors of a cloud. Each class says what to do next; the text is the cloud's own words, for the log and for administrators."""

from enum import StrEnum


class CloudError(Exception):
    """The base of the others."""


class CloudBusy(CloudError):
    """The cloud is down, overloaded, or in the middle of something. Ask again later."""

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after  # seconds, where the cloud named a time


class CloudFull(CloudError):
    """No host has room for this. Wait in the queue."""


class Cause(StrEnum):
    """The cause of a refusal, where it leads to other advice for the person."""

    OTHER = ""
    IMAGE_GONE = "image_gone"
    IMAGE_NOT_READY = "image_not_ready"  # not uploaded yet, or switched off
    SIZE_GONE = "size_gone"
    SIZE_TOO_SMALL = "size_too_small"  # the image needs more memory or disk
    FORBIDDEN = "forbidden"  # the portal itself lacks a right


class CloudRefused(CloudError):
    """The cloud will never do this as asked. Give up and tell the person."""

    def __init__(self, text: str, cause: Cause = Cause.OTHER) -> None:
        super().__init__(text)
        self.cause = cause


class CloudLimit(CloudRefused):
    """The cloud's own limit for this owner is reached (see Quota)."""


class CloudGone(CloudError):
    """The server, image or flavor that was named does not exist (any more)."""

    def __init__(self, text: str, cause: Cause = Cause.OTHER) -> None:
        super().__init__(text)
        self.cause = cause
