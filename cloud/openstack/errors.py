"""Map OpenStack's answers to the errors of the contract."""

from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from keystoneauth1 import exceptions as keystone
from openstack import exceptions as sdk

from cloud.contract import Cause, CloudBusy, CloudError, CloudGone, CloudLimit, CloudRefused

LONGEST_RETRY_AFTER = 300.0  # seconds; an API that asks for a longer wait is asked sooner


class Conflict(CloudBusy):
    """409: the state of the thing does not allow this now. The caller looks at the thing and decides."""


class BadRequest(CloudRefused):
    """400: something that was named does not exist, or is not allowed."""


class NotSignedIn(CloudBusy):
    """401, also after signing in again: the password, or the project, is not what it was."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn the clients' exceptions into errors of the contract."""
    try:
        yield
    except keystone.Unauthorized as error:
        raise NotSignedIn(f"Keystone does not let us in: {error}") from error
    except keystone.http.HttpError as error:
        raise (error_of(error.response) if error.response is not None else CloudBusy(str(error))) from error
    except keystone.ClientException as error:
        raise CloudBusy(f"OpenStack does not answer: {error!r}") from error
    except sdk.HttpException as error:
        raise (error_of(error.response) if error.response is not None else CloudBusy(str(error))) from error
    except (sdk.SDKException, requests.RequestException) as error:
        raise CloudBusy(f"OpenStack does not answer: {error!r}") from error


def error_of(answer: requests.Response) -> CloudError:
    """Return the error for an answer with 4xx or 5xx."""
    status, text = answer.status_code, f"{answer.status_code} {_text(answer)}"
    if status == 401:
        return NotSignedIn(text)
    if status in (413, 429):
        # Nova before Train called its limits 413, too; "over quota" is a limit, "over limit" a matter of time.
        return CloudLimit(text) if "quota" in text.lower() else CloudBusy(text, retry_after(answer))
    if status == 403:
        is_limit = "quota" in text.lower() or "limit" in text.lower()
        return CloudLimit(text) if is_limit else CloudRefused(text, Cause.FORBIDDEN)
    if status == 404:
        # A proxy's 404 must never make us believe that a student's server is gone.
        return CloudGone(text) if is_own_404(answer) else CloudBusy(f"Not OpenStack's own 404: {text[:200]}")
    if status == 409:
        return Conflict(text, retry_after=1)
    if status == 400:
        return BadRequest(text)
    if 400 < status < 500 and status != 408:
        return CloudRefused(text)
    return CloudBusy(text, retry_after(answer))


def is_own_404(answer: requests.Response) -> bool:
    """Return whether the 404 comes from Nova, Glance, Neutron or Keystone itself, not from a proxy before them."""
    try:
        parsed = answer.json()
    except ValueError:
        # Glance says it in a small page of its own.
        return (
            answer.status_code == 404
            and "/v2/images/" in (answer.url or "")
            and "<h1>404 Not Found</h1>" in answer.text
        )
    return isinstance(parsed, dict) and bool({"itemNotFound", "NeutronError", "error", "errors"} & parsed.keys())


def retry_after(answer: requests.Response) -> float | None:
    """Return the seconds until the API wants the next call, from its number or date; None where it names none."""
    header = answer.headers.get("Retry-After", "")
    try:
        seconds = float(header)
    except ValueError:
        try:
            at, now = parsedate_to_datetime(header), parsedate_to_datetime(answer.headers["Date"])
            seconds = (at - now).total_seconds()
        except (TypeError, ValueError, KeyError):
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def body(answer: requests.Response) -> dict[str, Any]:
    """Return the JSON of a good answer. A cut one, or a proxy's page, is CloudBusy."""
    try:
        parsed = answer.json()
    except ValueError as error:
        raise CloudBusy(f"OpenStack's answer cannot be read: {answer.text[:200]!r}") from error
    if not isinstance(parsed, dict):
        raise CloudBusy(f"OpenStack's answer is not what it should be: {answer.text[:200]!r}")
    return parsed


def _text(answer: requests.Response) -> str:
    """Return the API's own sentence. Each project wraps it differently."""
    try:
        parsed = answer.json()
    except ValueError:
        return str(answer.text[:500])
    for value in parsed.values() if isinstance(parsed, dict) else ():
        if isinstance(value, dict) and "message" in value:
            return str(value["message"])
    return str(parsed)[:500]
