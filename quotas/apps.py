"""Register what this app sends to people."""

from django.apps import AppConfig


class QuotasConfig(AppConfig):
    name = "quotas"

    def ready(self) -> None:
        from quotas import request_mails

        request_mails.register()
