"""manage.py prepare: set up what a new or an updated installation needs. Repeating it changes nothing."""

import os
from typing import Any

from django.core import checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

import catalog.actions
from cloud import open_cloud
from cloud.contract import CloudError
from lib.environment import Environment
from machines import cloud_identity
from portal import demo
from portal.settings_table import VARIABLES
from quotas.defaults import ensure_role_grants
from tunnels.site_names import hosts_apart


class Command(BaseCommand):
    help = (
        "Tables, the cache's table, the roles' first grants, and the catalog of images and sizes. What is there stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="also what a trial starts with: people, templates, a gateway"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["demo"]:
            demo.refuse_strangers()
        _refuse_shared_names()
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        call_command("createcachetable", verbosity=0)
        ensure_role_grants()
        _fill_demo() if options["demo"] else self._look_at_cloud()
        self.stdout.write("Prepared.")

    def _look_at_cloud(self) -> None:
        """Bring the catalog up to date. An update must not wait for the cloud: without it the catalog stays as it is."""
        try:
            cloud = open_cloud()
            cloud_identity.require(cloud)  # another one's catalog would mark all of ours as gone
            catalog.actions.look_again(cloud)
        except CloudError as error:
            self.stderr.write(f"The catalog is as it was: the cloud does not answer ({error}). Say this again later.")


def _fill_demo() -> None:
    try:
        demo.fill(open_cloud(), demo.LocalGateway.from_environment(Environment(VARIABLES.values(), os.environ)))
    except CloudError as error:
        raise CommandError(f"The cloud does not answer ({error}). Start it, then run this again.") from error


def _refuse_shared_names() -> None:
    """Refuse before anything is changed: the version that runs goes on, and its `gateway` command can correct the name."""
    if faults := [found for found in hosts_apart(databases=["default"]) if found.level >= checks.ERROR]:
        raise CommandError("\n".join(str(found.msg) for found in faults))
