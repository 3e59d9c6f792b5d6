"""Register what this app sends to people, and its system check."""

from django.apps import AppConfig


class MachinesConfig(AppConfig):
    name = "machines"

    def ready(self) -> None:
        from machines import bulk_notices, leaving_notices, secret_files, vanished  # noqa: F401 - one of them registers its check
        from machines.idle import delivery

        delivery.register()
        vanished.register()
        bulk_notices.register()
        leaving_notices.register()
