"""Django's SMTP back end, which also knows whether the mail itself went over the line before something went wrong."""

import smtplib
from typing import Any

from django.core.mail.backends.smtp import EmailBackend


class _Connection(smtplib.SMTP):
    is_handed_over = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Note that DATA is sent: from here on, a connection that breaks leaves it open whether the server took the mail."""
        self.is_handed_over = True
        return super().data(msg)


class _SecureConnection(_Connection, smtplib.SMTP_SSL):
    pass


class Backend(EmailBackend):
    """The back end for notices where settings.EMAIL_BACKEND is Django's SMTP back end."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SecureConnection if self.use_ssl else _Connection

    @property
    def is_handed_over(self) -> bool:
        """Return whether a mail was sent over this connection to its last line, or may have been."""
        return bool(getattr(self.connection, "is_handed_over", False))

    def begin(self) -> None:
        """Forget the mail before."""
        if isinstance(self.connection, _Connection):
            self.connection.is_handed_over = False
