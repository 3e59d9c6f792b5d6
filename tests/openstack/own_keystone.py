"""A Keystone of the tests' own, beside the bench's: its passwords expire and its accounts lock, as the bench's do not.

It is made of the packages that the bench installs, with SQLite, in a folder of its own. `python -m tests.openstack.own_keystone
FOLDER PORT` starts one by hand.
"""

import base64
import os
import secrets
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from tests.waiting import PATIENCE

PYTHON = "/usr/bin/python3"  # which has the packages
WSGI = "/usr/bin/keystone-wsgi-public"
PASSWORD = "labcloud"
READY_SECONDS = 120.0
MOST_FAILURES = 3
# As the bench starts its own (configs.sh), but without threads, which SQLite does not take. A small buffer would cut tokens off.
OPTIONS = [
    "--die-on-term", "--need-app", "--single-interpreter", "--buffer-size=65535",
    "--post-buffering=65535", "--add-header=Connection: close",
]  # fmt: skip
CONFIG = """\
[DEFAULT]
log_file = {folder}/log
[database]
connection = sqlite:///{folder}/keystone.sqlite
[token]
provider = fernet
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/fernet
[auth]
methods = password,token,totp,application_credential
[identity]
password_hash_rounds = 4
[cache]
enabled = false
[security_compliance]
lockout_failure_attempts = {failures}
lockout_duration = 3600
password_expires_days = 90
"""


def is_installed() -> bool:
    return Path(WSGI).exists()


class OwnKeystone:
    """The server, as a process; and its administrator's calls."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.url = folder, f"http://127.0.0.1:{port}/v3"
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._headers: dict[str, str] = {}

    def start(self) -> "OwnKeystone":
        """Make it, start it, and wait until it answers."""
        self._make()
        environment = {**os.environ, "OS_KEYSTONE_CONFIG_DIR": str(self.folder)}
        command = [
            "uwsgi",
            "--plugin",
            "python3",
            "--http-socket",
            f"127.0.0.1:{self._port}",
            "--wsgi-file",
            WSGI,
            *OPTIONS,
        ]
        with (self.folder / "uwsgi.log").open("wb") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self._await()
        return self

    def _make(self) -> None:
        """Make keys and tables, and the administrator."""
        (self.folder / "fernet").mkdir(parents=True, exist_ok=True)
        (self.folder / "fernet").chmod(0o700)
        for name in ("0", "1"):
            key = base64.urlsafe_b64encode(secrets.token_bytes(32))
            (self.folder / "fernet" / name).write_bytes(key)
        config = self.folder / "keystone.conf"
        config.write_text(CONFIG.format(folder=self.folder, failures=MOST_FAILURES))
        self._manage("db_sync")
        with sqlite3.connect(self.folder / "keystone.sqlite") as database:
            database.execute("PRAGMA journal_mode = wal")  # Keystone reads on one connection while it writes on another
        words = (
            "--bootstrap-password",
            PASSWORD,
            "--bootstrap-region-id",
            "RegionOne",
            "--bootstrap-public-url",
            self.url,
        )
        self._manage("bootstrap", *words)

    def _manage(self, *words: str) -> None:
        command = ["/usr/bin/keystone-manage", "--config-file", str(self.folder / "keystone.conf"), *words]
        subprocess.run(command, check=True, capture_output=True, timeout=120)

    def _await(self) -> None:
        ends_at = time.monotonic() + READY_SECONDS
        while True:
            try:
                return self._sign_in()
            except requests.RequestException:
                assert self._process is not None
                assert self._process.poll() is None, (self.folder / "uwsgi.log").read_text()
                if time.monotonic() > ends_at:
                    raise
                time.sleep(0.1)

    def _sign_in(self) -> None:
        user = {"name": "admin", "password": PASSWORD, "domain": {"id": "default"}}
        scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
        asked = {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}
        answer = requests.post(f"{self.url}/auth/tokens", json={"auth": asked}, timeout=PATIENCE)
        answer.raise_for_status()
        self._headers = {"X-Auth-Token": answer.headers["X-Subject-Token"]}

    def send(self, method: str, path: str, json: Any = None) -> Any:
        """Call it as its administrator. Returns the JSON, or None."""
        answer = requests.request(method, self.url + path, json=json, headers=self._headers, timeout=PATIENCE)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def pause(self, *, hangs: bool) -> None:
        """Have it hang, or go on."""
        assert self._process is not None
        self._process.send_signal(19 if hangs else 18)  # SIGSTOP, SIGCONT

    def end(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(PATIENCE)


if __name__ == "__main__":
    keystone = OwnKeystone(Path(sys.argv[1]).resolve(), int(sys.argv[2])).start()
    print(keystone.url)
