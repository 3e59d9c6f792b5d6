"""The page of minga-intake and the program itself: for anybody, with the portal's address in it, and a sum to check."""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.test import Client

PROGRAM = "/intake/minga-intake"


def test_anybody_downloads_the_program_with_the_portals_address_in_it(
    client: Client, settings: Any, tmp_path: Path
) -> None:
    settings.PORTAL_URL = "https://labs.example.org"
    reply = client.get(PROGRAM)
    assert (reply.status_code, reply["Content-Type"], reply["X-Content-Type-Options"]) == (
        200, "text/x-python; charset=utf-8", "nosniff",
    )  # fmt: skip
    (tmp_path / "minga-intake").write_bytes(reply.content)
    shown = subprocess.run([sys.executable, tmp_path / "minga-intake", "--help"], capture_output=True, text=True)
    assert "the portal's address (https://labs.example.org)" in " ".join(shown.stdout.split())


def test_the_page_has_the_sum_of_what_is_downloaded(client: Client, db: None) -> None:
    assert hashlib.sha256(client.get(PROGRAM).content).hexdigest() in client.get("/intake/").content.decode()


def test_the_page_speaks_spanish(client: Client, db: None) -> None:
    page = client.get("/intake/", headers={"Accept-Language": "es"}).content.decode()
    assert "Medir una computadora" in page
