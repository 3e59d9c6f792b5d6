"""The connection to OpenStack: one per process, signed in as the portal's service user, and as the same user in students' projects."""

import logging
import os
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, cast

import openstack
import requests
from keystoneauth1 import discover
from keystoneclient.v3.client import Client as Keystone
from openstack import exceptions as sdk
from openstack.config import OpenStackConfig
from openstack.connection import Connection

from cloud.contract import CloudBusy, CloudRefused
from cloud.openstack.errors import error_of, translated
from cloud.openstack.student_sign_in import StudentSignIn

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 20.0  # without a byte; each call
LIST_SECONDS = 40.0  # a detailed list of hundreds on an old controller
# The lowest that has all we use; Zed's newest is 2.93. 2.48: diagnostics in one format; 2.52: tags given at creation; 2.53: hosts
# by Placement's ids; 2.57: a rebuild takes user-data; 2.69: a list says "unknown" of servers in a cell that is down, where older
# ones leave them out, which we would take for deleted.
COMPUTE = "2.69"
HOST_NAMES = "2.90"  # for the launch alone: from there on it takes the guest's host name. Zed has it.
PLACEMENT = "1.29"  # allocation candidates with the whole provider tree
MICROVERSIONS = {"compute": COMPUTE, "placement": PLACEMENT}


class Client:
    """Make calls of OpenStack's APIs. Blocking; safe to share between threads and with forks of this process."""

    def __init__(self, cloud: str | None = None, **settings: Any) -> None:
        """Take the cloud's name in clouds.yaml; None: OS_CLOUD or the OS_* variables. No call waits longer than `api_timeout` seconds."""
        self.longest = float(settings.get("api_timeout", LIST_SECONDS))
        # api_timeout: signing in and finding services would otherwise wait for ever.
        self._settings = {"cloud": cloud, "api_timeout": TIMEOUT_SECONDS, **settings}
        # By process: answers to a parent and its fork on one connection would be mixed up.
        self._connections: dict[int, Connection] = {}
        self._opening = threading.Lock()
        self._lock = threading.Lock()
        self._students: dict[str, StudentSignIn] = {}
        self._endpoints: dict[str, str] = {}
        self._identity: tuple[Connection, Keystone] | None = None
        self._newest = (0, 0)  # version of Nova, once it was asked
        self.calls: dict[str, int] = {}  # asked so far, by service: for measuring
        self.clock_ahead: float | None = None  # seconds by which the cloud's clock is ahead of ours

    def request(
        self,
        service: str,
        method: str,
        path: str,
        *,
        project: str | None = None,
        json: Any = None,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        version: str = "",
        seconds: float = TIMEOUT_SECONDS,
    ) -> requests.Response:
        """Call `service` (compute, image, network, placement); in `project`, or as ourselves. `version`: another than usual.

        Returns a good answer (below 400). Raises what errors.error_of says, or CloudBusy.
        """
        self._negotiate()
        options: dict[str, Any] = {"json": json, "params": params, "headers": headers or {}, "connect_retries": 0}
        options["timeout"] = min(seconds, self.longest)
        if microversion := version or MICROVERSIONS.get(service):
            options["microversion"] = microversion
        with translated():
            options |= self._as_student(service, project)
            answer = self._adapter(service).request(path, method, raise_exc=False, **options)
        self.calls[service] = self.calls.get(service, 0) + 1
        if answer.status_code >= 300:
            raise error_of(answer)
        self._look_at_clock(answer)
        return cast("requests.Response", answer)

    def _as_student(self, service: str, project: str | None) -> dict[str, Any]:
        """Return the options of a call in a student's project; none for one as ourselves."""
        if not project or project == self.project_id:
            return {}
        return {"auth": self.signed_in(project), "endpoint_override": self._endpoint(service, project)}

    @property
    def connection(self) -> Connection:
        """Return this process's own connection. Raises CloudRefused where the settings cannot be used."""
        with self._opening:
            if os.getpid() not in self._connections:
                self._connections[os.getpid()] = _opened(dict(self._settings))
            return self._connections[os.getpid()]

    @property
    def ca(self) -> str:
        """Return the file of the cloud's own certificate authority; '' where it has none."""
        return str(self.connection.config.config.get("cacert") or "")

    @property
    def takes_host_names(self) -> bool:
        """Return whether Nova takes a host name for the guest."""
        self._negotiate()
        return self._newest >= tuple(map(int, HOST_NAMES.split(".")))

    @property
    def keystone(self) -> Keystone:
        """Return Keystone's own client, on the same session. Use it inside translated()."""
        connection = self.connection
        config = connection.config
        if self._identity is None or self._identity[0] is not connection:
            client = Keystone(
                session=connection.session,
                interface=config.get_interface("identity"),
                region_name=config.get_region_name("identity"),
                endpoint_override=config.get_endpoint("identity"),
                connect_retries=0,
            )
            self._identity = connection, client
        return self._identity[1]

    @property
    def project_id(self) -> str:
        """Return the service user's own project."""
        with translated():
            return str(self.connection.session.get_project_id() or "")

    @property
    def catalogue_id(self) -> str:
        """Return Nova's id in Keystone's catalogue, with its region: no two installations have the same."""
        with translated():
            entries = self._access().service_catalog.catalog
        for entry in entries:
            if entry["type"] == "compute":
                return f"{entry['id']}:{self.connection.config.get_region_name('compute') or ''}"
        raise CloudBusy("Nova is not in the catalogue.")

    @property
    def endpoints(self) -> list[tuple[str, str]]:
        """Return (kind, address) of every endpoint in Keystone's catalogue (public, internal, admin), and of Keystone itself."""
        with translated():
            entries = self._access().service_catalog.catalog
        found = [(str(entry["type"]), str(end["url"])) for entry in entries for end in entry["endpoints"]]
        return [("identity", str(self.connection.config.config["auth"].get("auth_url", ""))), *found]

    @property
    def user_id(self) -> str:
        with translated():
            return str(self.connection.session.get_user_id() or "")

    @property
    def domain_id(self) -> str:
        """Return where students' projects are made: the domain of the service user's own project."""
        with translated():
            return str(self._access().project_domain_id)

    def _access(self) -> Any:
        """Return Keystone's facts about our sign-in."""
        session = self.connection.session
        return cast("Any", session.auth).get_access(session)

    def signed_in(self, project: str) -> StudentSignIn:
        """Return the service user's sign-in to a student's project. The first call fetches the token, and a later one renews it."""
        with self._lock:
            if project not in self._students:
                given = self.connection.config.config["auth"]
                known = ("auth_url", "username", "user_id", "password", "user_domain_id", "user_domain_name")
                if "password" not in given:
                    raise CloudRefused(
                        "Minga needs a user name and a password: an application credential is bound to one project."
                    )
                self._students[project] = StudentSignIn({k: given[k] for k in known if given.get(k)}, project)
            return self._students[project]

    def sign_out(self, project: str) -> None:
        """Forget the token for a project, which is gone or in which we lost our role."""
        with self._lock:
            if known := self._students.pop(project, None):
                known.forget()

    def close(self) -> None:
        with self._opening:
            if connection := self._connections.pop(os.getpid(), None):
                connection.close()

    def _adapter(self, service: str) -> Any:
        return getattr(self.connection, service)

    def _endpoint(self, service: str, project: str) -> str:
        """Return the address of `service` for that project. Discovered once for ourselves, so that no student costs a discovery."""
        if service not in self._endpoints:
            self._endpoints[service] = self._adapter(service).get_endpoint()
        return self._endpoints[service].replace(self.project_id, project)

    def _negotiate(self) -> None:
        """Check once that Nova speaks the version that we need."""
        if self._newest != (0, 0):
            return
        with translated():
            found = self.connection.compute.get_endpoint_data()
        newest = getattr(found, "max_microversion", None)
        if newest is None:
            raise CloudBusy("Nova is not in the catalogue, or does not say which versions it speaks.")
        if not discover.version_between((2, 1), newest, tuple(map(int, COMPUTE.split(".")))):
            spoken = ".".join(map(str, newest))
            raise CloudRefused(
                f"This Nova speaks versions up to {spoken}; Minga needs {COMPUTE} (OpenStack Zed is new enough)."
            )
        self._newest = newest

    def _look_at_clock(self, answer: requests.Response) -> None:
        if at := cloud_time(answer):
            # The header has whole seconds, cut off: on average half a second is missing.
            self.clock_ahead = at.timestamp() + 0.5 - time.time()


def _opened(settings: dict[str, Any]) -> Connection:
    """Sign in later, with what clouds.yaml says; with `config_file` only with what that file says, whatever the environment has."""
    file = settings.pop("config_file", "")
    try:
        if file:
            known = OpenStackConfig(config_files=[file], load_envvars=False)
            return Connection(config=known.get_one(**settings))
        return openstack.connect(**settings)
    except (sdk.ConfigException, OSError) as error:
        raise CloudRefused(f"The cloud's settings cannot be used: {error}") from error


def cloud_time(answer: requests.Response) -> datetime | None:
    """Return the cloud's own time when it answered."""
    try:
        return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return None


def as_iso(at: datetime, minus: timedelta = timedelta()) -> str:
    return (at - minus).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
