"""Bring what an outside account says to a form, and to the counter of wrong passwords."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError

from accounts.limits import Attempt
from accounts.outside.outside_refusals import OutsideRefusal


@contextmanager
def no_guess(tried: Attempt) -> Iterator[None]:
    """Take the count of a wrong password back where nobody guessed: a server hangs, or the password was right and is not enough."""
    try:
        yield
    except OutsideRefusal as refusal:
        if not refusal.is_guess:
            tried.take_back()
        raise


@contextmanager
def sentences_of_a_form() -> Iterator[None]:
    """Have a form show what an outside account said."""
    try:
        yield
    except OutsideRefusal as refusal:
        raise ValidationError(str(refusal), code=refusal.code) from None
