"""The client: a method for each thing that a program does with Minga. All raise MingaError."""

import time
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

from . import models
from .decoding import decode_all
from .donor_calls import DonorCalls
from .errors import MingaError, Refused
from .transport import LONGEST_PAUSE, TRIES, Transport


class Client(DonorCalls):
    """A person's program at one portal."""

    def __init__(self, url: str, token: str = "", *, timeout: float = 30.0, tries: int = TRIES) -> None:
        """Make a client of the portal at `url` (https://labs.example.org). `timeout`: seconds for each answer. `tries`: of a request that gets none."""
        self._transport = Transport(url, token, timeout=timeout, tries=tries)

    @classmethod
    def sign_in(
        cls, url: str, username: str, password: str, *, name: str = "", code: str = "", timeout: float = 30.0
    ) -> "Client":
        """Take a new token. `name` says what it is for, on the person's page Account; `code` is that of their second step, where they have one."""
        client = cls(url, timeout=timeout)
        sent = {"username": username, "password": password, "name": name, **({"code": code} if code else {})}
        client._transport.token = client._one(models.Token, "POST", "auth/token/", sent).token
        return client

    def begin_sign_in(self, *, name: str) -> models.DeviceCodes:
        """Begin a sign-in by a browser. `name`: of this computer; a person types `user_code` at `verification_uri`."""
        return self._one(models.DeviceCodes, "POST", "auth/device/", {"name": name})

    def finish_sign_in(self, codes: models.DeviceCodes) -> "Client":
        """Wait until the person has decided, and take the token. Raises Refused with access_denied or expired_token."""
        pause = min(max(float(codes.interval), 0.0), LONGEST_PAUSE)
        while True:
            self._transport.pause(pause)
            try:
                sent = {"device_code": codes.device_code}
                self._transport.token = self._one(models.Token, "POST", "auth/device/token/", sent).token
                return self
            except Refused as error:
                if error.code not in ("authorization_pending", "slow_down"):
                    raise
                pause += 5 if error.code == "slow_down" else 0

    @property
    def token(self) -> str:
        return self._transport.token

    def sign_out(self) -> None:
        """Revoke the token."""
        self._transport.ask("DELETE", "auth/token/")

    def me(self) -> models.Me:
        return self._one(models.Me, "GET", "me/")

    def quota(self) -> models.Quota:
        return self._one(models.Quota, "GET", "quota/")

    # ---- machines ----

    def templates(self, *, author: str = "") -> Iterator[models.Template]:
        return self._all(models.Template, "templates/", author=author)

    def machines(
        self, *, state: str = "", template: str = "", owner: str = "", name: str = "", everybody: bool = False,
        in_bin: bool = False,
    ) -> Iterator[models.Machine]:  # fmt: skip
        """Go through the machines, newest first. `state`: one or more with commas between. owner, everybody: for administrators."""
        query = {"state": state, "template": template, "owner": owner, "name": name, "all": everybody, "bin": in_bin}
        return self._all(models.Machine, "machines/", **query)

    def machine(self, machine: str) -> models.Machine:
        return self._one(models.Machine, "GET", f"machines/{machine}/")

    def launch(self, template: str, *, name: str = "") -> models.Machine:
        """Launch a machine. `template`: its slug. Without a name, the machine is called as its template is."""
        return self._one(models.Machine, "POST", "machines/", {"template": template, "name": name})

    def do(self, machine: str, verb: str) -> models.Machine:
        """Ask for one of the machine's `actions`: suspend, wake, shelve, archive, restore, bin, restart, reset, retry, see."""
        return self._one(models.Machine, "POST", f"machines/{machine}/{verb}/")

    def rename(self, machine: str, name: str) -> models.Machine:
        return self._one(models.Machine, "PATCH", f"machines/{machine}/", {"name": name})

    def delete(self, machine: str) -> models.Machine:
        """Delete it for good; `do(machine, "bin")` keeps its disk for some days."""
        return self._one(models.Machine, "DELETE", f"machines/{machine}/")

    def wait(
        self, machine: str, *, states: Collection[str] = ("running",), seconds: float = 900.0, every: float = 1.0
    ) -> models.Machine:
        """Look until it is settled in one of these states. Raises MingaError with its note where it settles in another, or the time is over."""
        until = time.monotonic() + seconds
        while True:
            found = self.machine(machine)
            if found.settled and found.state in states:
                return found
            if found.settled and found.state in ("failed", "gone"):
                raise MingaError(found.note or f"It is {found.state}.")
            if time.monotonic() >= until:
                raise MingaError(f"After {seconds:.0f} s it is still {found.state}: {found.note}")
            time.sleep(every)

    def events(self, machine: str = "", *, kind: str = "") -> Iterator[models.Event]:
        """Go through the history of one machine, or of all of yours, newest first."""
        return self._all(models.Event, f"machines/{machine}/events/" if machine else "events/", kind=kind)

    # ---- ports and disk ----

    def ports(self, machine: str) -> Iterator[models.Access]:
        return self._all(models.Access, f"machines/{machine}/ports/")

    def open_port(self, machine: str, port: int, *, scheme: str = "tcp", allow: Collection[str] = ()) -> models.Access:
        """Give a port inside the machine a public one. `allow`: networks that may come in; none is everybody."""
        sent = {"port": port, "scheme": scheme, "allow": list(allow)}
        return self._one(models.Access, "POST", f"machines/{machine}/ports/", sent)

    def close_port(self, machine: str, port: str) -> None:
        """Close a port. `port`: its id."""
        self._transport.ask("DELETE", f"machines/{machine}/ports/{port}/")

    def ask_for_disk(self, machine: str) -> models.Copy:
        """Have an image of its disk prepared. See `disk`."""
        return self._one(models.Copy, "POST", f"machines/{machine}/copy/")

    def disk(self, machine: str) -> models.Copy:
        """Return how far the image is that was asked for."""
        return self._one(models.Copy, "GET", f"machines/{machine}/copy/")

    def download_disk(self, machine: str, to: Path) -> None:
        """Write the image to a file; a file that has the beginning already is continued. Raises Unreachable when it breaks off."""
        have = to.stat().st_size if to.exists() else 0
        if have >= self.disk(machine).size_bytes > 0:
            return
        with self._transport.open(f"machines/{machine}/disk/", start=have) as source:
            is_rest = getattr(source, "status", 0) == 206
            with to.open("ab" if is_rest else "wb") as file:
                for chunk in self._transport.chunks(source):
                    file.write(chunk)

    # ---- keys ----

    def keys(self) -> Iterator[models.Key]:
        return self._all(models.Key, "keys/")

    def add_key(self, public_key: str, *, name: str = "") -> models.Key:
        return self._one(models.Key, "POST", "keys/", {"public_key": public_key, "name": name})

    def make_key(self, *, name: str = "") -> models.MadeKey:
        """Have a key made. Its private half is in this answer and nowhere else."""
        return self._one(models.MadeKey, "POST", "keys/make/", {"name": name})

    def remove_key(self, key: int, *, take_out: bool = False) -> None:
        """Forget a key. take_out: have it taken out of the machines that run, too."""
        self._transport.ask("DELETE", f"keys/{key}/", take_out="true" if take_out else "")

    def install_key(self, key: int, machines: Collection[str]) -> list[models.KeyInMachine]:
        """Ask for a key to be put into machines that run. See `key_in_machines` for how that ends."""
        answer = self._transport.ask("POST", f"keys/{key}/install/", {"machines": list(machines)})
        return decode_all(models.KeyInMachine, answer.data)

    def key_in_machines(self, key: int) -> Iterator[models.KeyInMachine]:
        return self._all(models.KeyInMachine, f"keys/{key}/install/")

    def portal_key(self, machine: str) -> models.PortalKey:
        """Return the public half of the portal's own key in a machine."""
        return self._one(models.PortalKey, "GET", f"machines/{machine}/portal-key/")

    def remove_portal_key(self, machine: str) -> None:
        self._transport.ask("DELETE", f"machines/{machine}/portal-key/")

    # ---- requests for more ----

    def requests(self, *, state: str = "", to_decide: bool = False) -> Iterator[models.QuotaRequest]:
        """Go through your requests for more quota and those that you may decide, newest first. to_decide: only the latter."""
        return self._all(models.QuotaRequest, "requests/", state=state, to_decide="true" if to_decide else "")

    def ask_for_more(self, template: str, reason: str, *, amounts: dict[str, int] | None = None) -> models.QuotaRequest:
        """Ask for more quota. amounts: by measure; None is what one machine of the template takes."""
        sent = {"template": template, "reason": reason, **({} if amounts is None else {"amounts": amounts})}
        return self._one(models.QuotaRequest, "POST", "requests/", sent)

    def request(self, request: int) -> models.QuotaRequest:
        return self._one(models.QuotaRequest, "GET", f"requests/{request}/")

    def decide(
        self, request: int, state: str, *, note: str = "", ends_at: datetime | None = None
    ) -> models.QuotaRequest:
        """Decide a request: approved or refused. A refusal needs a note; what the author of a template gives needs an end."""
        sent = {"state": state, "note": note, "ends_at": ends_at.isoformat() if ends_at else None}
        return self._one(models.QuotaRequest, "PATCH", f"requests/{request}/", sent)

    # ---- for administrators ----

    def announcements(self) -> Iterator[models.Announcement]:
        """List what is announced now; for administrators all, also what is over and to come."""
        return self._all(models.Announcement, "announcements/")

    def servers(self, *, search: str = "", kind: str = "") -> Iterator[models.Server]:
        """Go through what the cluster carries and no machine has."""
        return self._all(models.Server, "servers/", search=search, kind=kind)

    def adopt(self, server: str, *, person: str, template: str, name: str = "") -> models.Machine:
        """Give a server to a person."""
        sent = {"person": person, "template": template, "name": name}
        return self._one(models.Machine, "POST", f"servers/{server}/adopt/", sent)
