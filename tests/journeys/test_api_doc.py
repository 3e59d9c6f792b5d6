"""The whole life of a machine by curl, exactly as docs/api.md shows it."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.kinds import on_simulated

DOC = Path(__file__).resolve().parents[2] / "docs" / "api.md"


@on_simulated
@pytest.mark.slow
def test_every_command_of_the_page_works(stack: Any, tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", DOC.read_text(), flags=re.M | re.S)
    assert len(blocks) >= 9
    script = "set -euo pipefail\n" + "\n".join(blocks) + "\necho; echo all done\n"
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "MINGA_URL": stack.url},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.stdout.endswith("all done\n"), ran.stdout + ran.stderr
