"""`make screens`: picture every page for every role, in both languages, themes and sizes, into .data-screens/; begin at index.html there.

It fails where axe finds something on any of them, if axe is installed.
`python -m tests.screens WORD …` pictures only addresses that contain one of the words.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core"
OUT = ROOT / ".data-screens"
OPTIONS = ("-q", "-n", "2", "--dist", "load", "-p", "no:logging", "-W", "ignore")


# So that pages exist which a site has only with these.
SETTINGS = {
    "SIGN_UP_DOMAINS": "students.example.org",
    "ADDRESS_CHANGES": "on",
    "CLOUD_SIGN_IN_URL": "https://cloud.example.org:5000/v3",
    "HORIZON_URL": "https://cloud.example.org/horizon/",
    "KEYSTONE_USERS_FOR_STUDENTS": "on",
    "OIDC_URL": "https://login.example.org",
    "OIDC_CLIENT_ID": "minga",
    "OIDC_CLIENT_SECRET": "secret",
}


def main(words: list[str]) -> int:
    from tests.screens.contact_sheet import write_index  # what these take needs no Django
    from tests.screens.coverage import found_by_axe, unpictured

    shutil.rmtree(OUT / "pictures", ignore_errors=True)
    (OUT / "pictures").mkdir(parents=True)
    told = {
        **SETTINGS,
        "MINGA_SCREENS": str(OUT / "pictures"),
        "MINGA_SCREENS_OF": " ".join(words),
        "MINGA_TEST_DATA": os.environ.get("MINGA_TEST_DATA", ".data-screens/servers"),
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "pytest", *OPTIONS, str(Path(__file__).with_name("camera.py"))]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, **told}).returncode
    print(f"{write_index(OUT)} pictures. Open {OUT / 'index.html'}")
    lacking = [] if words else unpictured(OUT / "pictures")
    for folder in lacking:
        print(f"No picture, or a reason that is none any more: {folder}. See tests/screens/coverage.py.")
    if not AXE.exists():
        print("axe-core is not installed, so nobody looked for faults: npm ci")
    faults = found_by_axe(OUT / "pictures")
    for fault, pages in faults.items():
        print(f"axe, on {len(pages)} pages, such as {pages[0]}: {fault}")
    return code or int(bool(lacking or faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
