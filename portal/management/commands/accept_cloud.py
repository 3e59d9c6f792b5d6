"""manage.py accept_cloud: the machines of this database are on the cloud of the settings from now on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cloud import open_cloud
from cloud.contract import CloudError
from machines import cloud_identity


class Command(BaseCommand):
    help = "Say that the machines of this database are on the cloud that the settings name. What is not there counts as deleted."

    def handle(self, *_args: Any, **_options: Any) -> None:
        cloud = open_cloud()
        try:
            before = cloud_identity.accept(cloud)
        except CloudError as error:
            raise CommandError(f"The cloud does not answer ({error}). Start it, then run this again.") from error
        if before in ("", cloud.identity):
            self.stdout.write(f"It was this cloud already: {cloud.identity}.")
        else:
            self.stdout.write(f"The machines were on {before}; from now on they are looked for on {cloud.identity}.")
