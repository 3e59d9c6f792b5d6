"""manage.py prepare: bring a new or an updated installation up to date. Safe to repeat. `make run` adds --demo."""

from typing import Any

from django.core import checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

import catalog.actions
from cloud import open_cloud
from cloud.contract import CloudError
from machines import one_cloud
from portal.demo import DEFAULTS
from quotas.models import Grant
from tunnels.site_names import hosts_apart


class Command(BaseCommand):
    help = (
        "Tables, the cache's table, the roles' first grants, and the catalog of images and sizes. What is there stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="also fill in the demo of make run: see manage.py demo")

    def handle(self, *args: Any, **options: Any) -> None:
        _refuse_shared_names()
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        call_command("createcachetable", verbosity=0)
        if options["demo"]:
            call_command("demo")  # which gives the grants and reads the catalog, too
            return
        for role, amounts in DEFAULTS.items():
            Grant.objects.get_or_create(role=role, source=Grant.Source.ROLE, defaults=amounts)
        try:
            cloud = open_cloud()
            one_cloud.require(cloud)  # another one's catalog would mark all of ours as gone
            catalog.actions.look_again(cloud)
        except CloudError as error:
            # An update must not wait for the cloud: what is in the catalog already stays.
            self.stderr.write(f"The catalog is as it was: the cloud does not answer ({error}). Say this again later.")
        self.stdout.write("Prepared.")


def _refuse_shared_names() -> None:
    """Before anything is changed: the version that runs goes on, and its `gateway` command can put the name right."""
    if faults := [found for found in hosts_apart(databases=["default"]) if found.level >= checks.ERROR]:
        raise CommandError("\n".join(str(found.msg) for found in faults))
