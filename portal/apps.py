"""Register what is sent to people by rules that only the portal knows."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from accounts.models import User
        from portal import access
        from quotas import request_mails
        from quotas.models import QuotaRequest

        def may_decide(person: User, request: QuotaRequest) -> bool:
            return access.may(person, "decide", request)

        request_mails.register(may_decide)
