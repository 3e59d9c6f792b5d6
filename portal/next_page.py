"""The page to which a form leads when it is done, as the page before has told it."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def next_page(request: HttpRequest, otherwise: str = "") -> str:
    """Return the address in the form's field `next` if it is a path of this site, else `otherwise`.

    Only a path: Django's redirect() takes any other word for the name of a view, and fails where there is none.
    """
    wish: str = request.POST.get("next", "")
    is_ours = wish.startswith("/") and url_has_allowed_host_and_scheme(wish, {request.get_host()}, request.is_secure())
    return wish if is_ours else otherwise
