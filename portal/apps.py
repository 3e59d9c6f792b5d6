"""Register what is sent to people by rules that only the portal knows, and how much Django reads of the head of a file."""

from django.apps import AppConfig
from django.http import multipartparser

# Bytes of the head of each part of a form. With Django's 1,024 a long file name refuses the whole form, and all that was typed is
# lost. Django cuts the name itself to 255 characters.
LONGEST_HEAD = 64 * 1024


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from accounts.models import User
        from portal import access
        from portal.forms import field_words
        from quotas import request_mails
        from quotas.models import QuotaRequest

        def may_decide(person: User, request: QuotaRequest) -> bool:
            return access.may(person, "decide", request)

        request_mails.register(may_decide)
        multipartparser.MAX_TOTAL_HEADER_SIZE = LONGEST_HEAD  # type: ignore[attr-defined]
        field_words.use()
