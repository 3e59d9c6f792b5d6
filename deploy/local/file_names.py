"""Find file names that stand twice by accident: whoever searches for `ports.py` wants one file, or the reason for two."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

IGNORED = frozenset({"node_modules", "staticfiles"})
# The names that Python, Django and pytest ask for.
GIVEN = frozenset({"__init__", "__main__", "apps", "conftest", "urls"})
# Named after what each tests, measures or does for a user who has nothing else of Minga: doubles count inside these only.
APART = frozenset({"tests", "bench", "clients"})
# Every app may have one of each (../shared/design.md, section 5).
OF_EACH_APP = frozenset({"models", "states", "rules", "actions", "tasks"})
# The same noun as a page and in the API.
SIDES = frozenset({"portal/views", "portal/api", "portal/forms", "portal/presenters"})
# Other names that stand twice on purpose: the folders, and why.
DOUBLES: dict[str, tuple[str, str]] = {
    "models": (
        "accounts accounts/announcements accounts/audit accounts/browsers accounts/cloud_users accounts/donors accounts/live_tickets accounts/notices "
        "accounts/outside accounts/subscriptions accounts/terms nodes/files nodes/hypervisors nodes/intake nodes/months "
        "nodes/subscriptions nodes/wiping",
        "packages with rows of their own",
    ),
    "errors": ("cloud/contract cloud/openstack deploy/local portal/views", "what each refuses; the pages of a refusal"),
    "images": ("cloud/contract cloud/openstack", "a noun of the contract, and OpenStack's way to it"),
    "servers": ("cloud/contract portal/api portal/views", "a noun of the contract, and the servers that nobody owns"),
    "tenants": ("cloud/openstack machines/reconcile", "people's projects in Keystone, and the loop that keeps them"),
    "dialing": ("tunnels tunnels/agent", "the portal's half, and the agent's"),
    "paging": ("cloud/openstack portal/api", "lists that are read, and lists that are given out"),
    "once": ("accounts portal", "the memory of requests, and pages and API that ask it"),
    "formats": ("portal/formats/en portal/formats/es", "Django looks for one in each language"),
}


def modules(root: Path) -> list[str]:
    """Return the Python files of the house, migrations left out, as paths below `root`."""
    folders = [path for path in root.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in IGNORED]
    files = [*root.glob("*.py"), *(file for folder in folders for file in folder.rglob("*.py"))]
    return sorted(str(path.relative_to(root)) for path in files if path.parent.name != "migrations")


def faults(paths: Iterable[str]) -> list[str]:
    """Return a sentence for each name that stands twice without a reason, and for each reason that nothing needs."""
    folders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for path in map(Path, paths):
        if path.stem not in GIVEN and path.parent.name != "commands":  # a command is named by what people type
            folders[_tree(path), path.stem].add(str(path.parent))
    return [
        f"{name}.py stands in {', '.join(sorted(places))}. Name each after what only it does, or give the reason in file_names.py."
        for (_of, name), places in sorted(folders.items())
        if not _is_meant(name, places)
    ] + [
        f"{name}.py does not stand in {', '.join(sorted(missing))} any more. Take it out of DOUBLES in file_names.py."
        for name, (places, _reason) in DOUBLES.items()
        if (missing := set(places.split()) - folders["", name])
    ]


def _tree(path: Path) -> str:
    """Return in which part of the house a name must be unique: each folder of tests is one for its tests."""
    if path.parts[0] not in APART:
        return ""
    return "/".join(path.parts[:2]) if path.name.startswith("test_") else path.parts[0]


def _is_meant(name: str, places: set[str]) -> bool:
    """Return whether the name stands once, or has a reason to stand in each of these folders."""
    meant, _reason = DOUBLES.get(name, ("", ""))
    rest = places - set(meant.split())
    if name in OF_EACH_APP:
        rest = {place for place in rest if "/" in place}
    return len(places) == 1 or not rest or places <= SIDES
