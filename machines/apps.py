"""Register what this app sends to people."""

from django.apps import AppConfig


class MachinesConfig(AppConfig):
    name = "machines"

    def ready(self) -> None:
        from machines import vanished
        from machines.idle import delivery

        delivery.register()
        vanished.register()
