"""Django's sessions in the database."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from lib.compiled_queries import Given, compiled


@compiled
def _living(key: Given, now: Given) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)


class SessionStore(db.SessionStore):
    def _validate_session_key(self, key: str | None) -> bool:
        """Take no key for one that Django never makes: a cookie may carry a NUL ("\\000"), which PostgreSQL refuses with an error."""
        return key is not None and len(key) >= 8 and key.isascii() and key.isalnum()

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        """Return the row as Django does, by a compiled query: each page asks for it."""
        found: AbstractBaseSession | None = next(iter(_living(key=self.session_key, now=timezone.now())), None)
        if found is None:
            self._session_key = None
        return found
