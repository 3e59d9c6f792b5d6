"""The work that a run of the camera leaves: pages without a picture, though somebody reads them, and what axe found on the others."""

import json
from collections import defaultdict
from pathlib import Path

ONLY_SENT = 405  # to a form's address no link leads
# By folder, as the camera names it: why there is nothing to be pictured.
LEFT_OUT: dict[str, str] = {
    "(?P{str}templates|catalog|servers|failures|notices)/(?P{str}.*)": "Leads to the addresses of today.",
    "asks": "Leads to the address of today.",
    "account/cloud/horizon": "Answers a form; loaded again, it leads back.",
    "accounts/confirm/passkey": "Needs a real authenticator: tests/pages/test_passkeys_browser.py looks at it.",
    "accounts/login/passkey": "Answers a script.",
    "accounts/password/set": "For whoever has no password here: tests/pages/test_allauth_pages.py looks at it.",
    "accounts/oidc/{slug}/login": "Leads to the provider.",
    "accounts/oidc/{slug}/login/callback": "Takes the provider's answer, and leads on.",
    "accounts/saml/{slug}/login": "Leads to the provider.",
    "accounts/saml/{slug}/acs/finish": "Takes the provider's answer, and leads on.",
    "accounts/saml/{slug}/sls": "Takes the provider's answer, and leads on.",
    "accounts/saml/{slug}/metadata": "A file for the provider.",
    "accounts/second-step/codes/download": "A file.",
    "donating/certificates/{int}": "A file.",
    "donating/data/download": "A file.",
    "given/{str}/certificates/{int}": "A file.",
    "manage/computers/{int}/evidence/{int}": "A file.",
    "given/{str}/receipts/{int}": "A file; where nothing came it is as for donating/receipts.",
    "machines/{uuid}/disk": "A file.",
    "machines/{uuid}/check/run": "Leads to the live process, and from there back to the page before it.",
    "machines/{uuid}/dismiss": "Asks about a machine that vanished, and this installation has none: tests/pages/test_gone.py looks at it.",
    "manage/audit/export": "A file.",
    "photos/{int}": "A picture.",
    "shared/{str}/minga.png": "A picture: on the page before it.",
    "photos/{int}/small": "A picture.",
    "photos/by-link/{str}": "A picture.",
    "photos/by-link/{str}/small": "A picture.",
    "manage/computers/labels/print": "A file.",
    "manage/computers/report/report.pdf": "A file.",
    "manage/computers/report/report.csv": "A file.",
    "intake/minga-intake": "A file.",
    "manage/machines/bulk": "Leads to a run, or back to the list.",
}


def unpictured(pictures: Path) -> list[str]:
    """Return the folders of addresses without a picture and without a reason, and those that have a reason and a picture."""
    statuses: dict[str, set[int]] = defaultdict(set)
    for path in pictures.glob("*.json"):
        for folder, found in json.loads(path.read_text()).items():
            statuses[folder].update(found)
    pictured = {str(path.parent.relative_to(pictures)) for path in pictures.rglob("*.png")}
    return sorted(folder for folder in statuses if _is_wrong(folder, statuses[folder], folder in pictured))


def _is_wrong(folder: str, statuses: set[int], is_pictured: bool) -> bool:
    if folder in LEFT_OUT:
        return is_pictured
    return not is_pictured and ONLY_SENT not in statuses


def found_by_axe(pictures: Path) -> dict[str, list[str]]:
    """Return what axe found, each with the pages that have it, as the camera noted it."""
    pages: dict[str, list[str]] = defaultdict(list)
    for path in sorted(pictures.glob("*.axe")):
        for page, faults in json.loads(path.read_text()).items():
            for fault in faults:
                pages[fault].append(page)
    return dict(pages)
