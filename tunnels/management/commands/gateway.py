"""manage.py gateway NAME …: make a gateway known, or change its facts."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tunnels import site_names
from tunnels.actions import keep_gateway
from tunnels.models import Gateway

FACTS = ("public_host", "ssh_host", "ssh_port", "ssh_user", "first_port", "last_port", "bind_address")


class Command(BaseCommand):
    help = "Make a gateway known, or change its facts. With --token-file its agent gets a new token."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        for fact in FACTS:
            number = fact.endswith("port")
            parser.add_argument(f"--{fact.replace('_', '-')}", type=int if number else str)
        parser.add_argument("--host-key-file", type=Path)
        parser.add_argument("--token-file", type=Path, help="the new token is written there, for the agent")

    def handle(self, *_args: Any, **wish: Any) -> None:
        facts = {fact: wish[fact] for fact in FACTS if wish[fact] is not None}
        self._check_name(wish["name"], facts.get("public_host", ""))
        if wish["host_key_file"]:
            facts["host_key"] = _read_key(wish["host_key_file"])
        if not Gateway.objects.filter(name=wish["name"]).exists():
            _check_whole(facts, wish["token_file"])
        token = _write_token(wish["token_file"]) if wish["token_file"] else ""
        keep_gateway(name=wish["name"], token=token, by=None, **facts)
        self.stdout.write(f"The gateway {wish['name']} is known.")

    def _check_name(self, name: str, public_host: str) -> None:
        """Refuse a name of the portal's: its visitors' cookies would go to the machines, and https would be asked of their ports."""
        if own := site_names.clash(public_host):
            raise CommandError(site_names.refusal(name, public_host, own))
        if own := site_names.neighbour(public_host):
            self.stderr.write(site_names.warning(name, public_host, own))


def _check_whole(facts: dict[str, Any], token_file: Path | None) -> None:
    needed = ("public_host", "ssh_host", "host_key", "first_port", "last_port")
    missing = [fact for fact in needed if fact not in facts] + ([] if token_file else ["token_file"])
    if missing:
        raise CommandError("A new gateway needs these, too: " + ", ".join(missing).replace("_", "-") + ".")
    if not 1 <= facts["first_port"] <= facts["last_port"] <= 65535:
        raise CommandError("The ports must lie between 1 and 65535, the first not above the last.")


def _read_key(path: Path) -> str:
    try:
        key = path.read_text().strip()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
    if "\n" in key or not key.startswith(("ssh-", "ecdsa-")):
        raise CommandError(f"{path} is not one OpenSSH public key. Take /etc/ssh/ssh_host_ed25519_key.pub of the VPS.")
    return key


def _write_token(path: Path) -> str:
    token = secrets.token_urlsafe(32)
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(token + "\n")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from None
    return token
