"""Register what this app sends to people."""

from django.apps import AppConfig


class NodesConfig(AppConfig):
    name = "nodes"

    def ready(self) -> None:
        from nodes import mails
        from nodes.months import month_mails
        from nodes.subscriptions import reminders
        from nodes.teams import team_mails
        from nodes.thanks import taken_off_mails

        mails.register()
        month_mails.register()
        team_mails.register()
        reminders.register()
        taken_off_mails.register()
