"""Register what this app sends to people."""

from django.apps import AppConfig


class NodesConfig(AppConfig):
    name = "nodes"

    def ready(self) -> None:
        from nodes import mails
        from nodes.months import month_mails
        from nodes.subscriptions import reminders

        mails.register()
        month_mails.register()
        reminders.register()
