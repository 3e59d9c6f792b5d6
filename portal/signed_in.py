"""The request as a page sees it behind the gate."""

from django.http import HttpRequest

from accounts.models import User


class SignedIn(HttpRequest):
    """A request that LoginRequiredMiddleware has let through: there is a person. Only for the type checker."""

    user: User
