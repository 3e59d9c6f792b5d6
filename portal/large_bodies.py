"""The mark of a view that takes more than portal.middleware.body_limits lets everybody send."""

from collections.abc import Callable
from typing import Any, TypeVar

from accounts.models import User

MB = 1_000_000
View = TypeVar("View", bound=Callable[..., Any])


def takes_up_to(
    size: int, *, may: Callable[[User], bool] = lambda person: True, strangers: bool = False
) -> Callable[[View], View]:
    """Let a view take bodies of so many bytes from a signed-in person for whom `may` holds. The outermost decorator of the view.

    strangers: from others, too, a few of them at once.
    """

    def mark(view: View) -> View:
        view.takes_up_to = (size, may, strangers)  # type: ignore[attr-defined]
        return view

    return mark
