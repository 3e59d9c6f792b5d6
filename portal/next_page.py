"""The page to which a form leads when it is done, as the page before has told it; and the page above an address.

Somebody without an account who opens the page of a code or a donation signs up first, by a mailed link: their session keeps where they go on.
"""

from contextlib import suppress

from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

AFTER_SIGN_UP = "after_sign_up"  # read by two templates, and taken where somebody signs in


def next_page(request: HttpRequest, otherwise: str = "", sent: QueryDict | None = None) -> str:
    """Return the address in the field `next` of the form (or of `sent`) if it is a path of this site, else `otherwise`.

    Only a path: Django's redirect() takes any other word for the name of a view, and fails where there is none.
    """
    wish: str = (request.POST if sent is None else sent).get("next", "")
    is_ours = wish.startswith("/") and url_has_allowed_host_and_scheme(wish, {request.get_host()}, request.is_secure())
    return wish if is_ours else otherwise


def keep_for_after_sign_up(request: HttpRequest) -> None:
    """Keep the field `next` of a sign-up that was sent; one that names no page forgets the last."""
    if wish := next_page(request):
        request.session[AFTER_SIGN_UP] = wish
    else:
        request.session.pop(AFTER_SIGN_UP, None)


def above(path: str) -> str:
    """Return the nearest address above a path at which the site has anything."""
    while path != "/":
        path = path.rstrip("/").rpartition("/")[0] + "/"
        with suppress(Resolver404):
            resolve(path)
            return path
    return path
