"""manage.py demo: fill in the small demo of `make run`."""

from pathlib import Path
from typing import Any

import environ
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cloud import open_cloud
from cloud.contract import CloudError
from portal.demo import LocalGateway, fill

env = environ.Env()


class Command(BaseCommand):
    help = "Fill in a small demo: people, templates and the gateway of make run. What is there already stays."

    def handle(self, *args: Any, **options: Any) -> None:
        strangers = set(settings.ALLOWED_HOSTS) - {"127.0.0.1", "localhost", "[::1]", "testserver"}
        if strangers:
            raise CommandError(
                f"The demo's passwords are known to everybody, and this site answers to {', '.join(sorted(strangers))}. "
                "It is for this computer alone: leave ALLOWED_HOSTS out."
            )
        try:
            fill(open_cloud(), _gateway())
        except CloudError as error:
            raise CommandError(f"The cloud does not answer ({error}). Start it, then run this again.") from error


def _gateway() -> LocalGateway | None:
    if not env.str("VPS_PORT", default=""):
        return None
    return LocalGateway.from_files(
        ssh_port=env.int("VPS_PORT"),
        host_key_file=Path(env.str("VPS_HOST_KEY_FILE")),
        first_port=env.int("VPS_FIRST_PORT"),
        last_port=env.int("VPS_LAST_PORT"),
        token_file=Path(env.str("AGENT_TOKEN_FILE")),
    )
