"""Register the system check of the gateways' names when Django starts."""

from django.apps import AppConfig


class TunnelsConfig(AppConfig):
    name = "tunnels"

    def ready(self) -> None:
        from tunnels import site_names  # noqa: F401 - registers a system check; it needs the models, which are loaded by now
