"""Register what this app sends to people."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import own_address, people_mails, security_mails

        people_mails.register()
        security_mails.register()
        own_address.register()
