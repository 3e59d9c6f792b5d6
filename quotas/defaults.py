"""The grants that roles have from the first day. Administrators change the grants; nothing here overrides them later."""

from quotas.models import Grant

# Measures of quotas.models.Measures: RAM in MiB, disks and archives in GiB. One machine more than most need at once; a teacher tries
# templates, an administrator repairs. Donors have none: their room comes by subscriptions, and ends with them.
ROLE_GRANTS: dict[str, dict[str, int]] = {
    "student": {"machines": 2, "vcpus": 4, "ram_mb": 4096, "disk_gb": 20, "ports": 12, "archives": 4, "archive_gb": 40},
    "teacher": {"machines": 5, "vcpus": 10, "ram_mb": 10240, "disk_gb": 50, "ports": 30, "archives": 10, "archive_gb": 100},
    "admin": {"machines": 10, "vcpus": 20, "ram_mb": 20480, "disk_gb": 100, "ports": 60, "archives": 20, "archive_gb": 200},
}  # fmt: skip


def ensure_role_grants() -> None:
    """Create the grant of each of these roles that has none. Existing grants stay as they are."""
    for role, amounts in ROLE_GRANTS.items():
        Grant.objects.get_or_create(role=role, source=Grant.Source.ROLE, defaults=amounts)
