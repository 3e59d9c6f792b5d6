"""The OpenID Connect provider of the tests as a process, and what a browser does there."""

import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from tests.accounts.outside import oidc_provider
from tests.ports import free_port
from tests.waiting import PATIENCE

BEGIN, CALLBACK = "/accounts/oidc/oidc/login/", "http://testserver/accounts/oidc/oidc/login/callback/"


class Provider:
    """The process, and what a browser does there."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/o"
        command = [sys.executable, "-W", "ignore", oidc_provider.__file__, str(folder), str(port), CALLBACK]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def answer(self, url: str, person: str) -> str:
        """Sign in there; return the address to which the browser is sent back, without its host."""
        reply = requests.get(url, cookies={"person": person}, allow_redirects=False, timeout=PATIENCE)
        if reply.headers.get("Location", "").startswith("/?next="):  # asked for the password, which is typed
            url = urljoin(url, parse_qs(urlsplit(reply.headers["Location"]).query)["next"][0])
            reply = requests.get(url, cookies={"person": person}, allow_redirects=False, timeout=PATIENCE)
        assert reply.status_code == 302, reply.text
        back = urlsplit(reply.headers["Location"])
        assert back.netloc == "testserver"
        return f"{back.path}?{back.query}"

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()  # which closes the pipe, too
