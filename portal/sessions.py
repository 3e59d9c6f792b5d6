"""Django's sessions in the database."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    def _validate_session_key(self, key: str | None) -> bool:
        """Take no key for one that Django never makes: a cookie may carry a NUL ("\\000"), which PostgreSQL refuses with an error."""
        return key is not None and len(key) >= 8 and key.isascii() and key.isalnum()
