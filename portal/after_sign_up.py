"""The page to which somebody wanted before they had an account: a code's, a donation's. Their session keeps it until they sign in, for a mailed link comes between."""

from django.http import HttpRequest

from portal.next_page import next_page

KEY = "after_sign_up"


def remember(request: HttpRequest) -> None:
    """Keep the field `next` of the sign-up that was sent; one that names no page forgets the last."""
    if wish := next_page(request):
        request.session[KEY] = wish
    else:
        request.session.pop(KEY, None)


def wish(request: HttpRequest) -> str:
    """Return the field `next` for the form, from the link that leads to it or from the form that was refused; '' where it is no page of ours."""
    return next_page(request) if request.method == "POST" else next_page(request, sent=request.GET)
