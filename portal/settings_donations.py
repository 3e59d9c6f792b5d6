"""Settings of donations, subscriptions and nodes: portal/settings.py takes them all (docs/admin/settings.md)."""

from portal.settings_env import env

DONATIONS_EMAIL: str = env["DONATIONS_EMAIL"]
INSTITUTION: str = env["INSTITUTION"]
DONATIONS_PLACE: str = env["DONATIONS_PLACE"]
MIN_COMPUTER_RAM_MB: int = env["MIN_COMPUTER_RAM_MB"]
MIN_COMPUTER_NIC_MBIT: int = env["MIN_COMPUTER_NIC_MBIT"]
INTAKE_CODE_DAYS: int = env["INTAKE_CODE_DAYS"]
SUBSCRIPTION_STARTS: str = env["SUBSCRIPTION_STARTS"]
SUBSCRIPTION_GRACE_DAYS: int = env["SUBSCRIPTION_GRACE_DAYS"]
THANKS_WALL: bool = env["THANKS_WALL"]
COMPUTER_WATTS: int = env["COMPUTER_WATTS"]
SHARED_DISKS: bool = env["SHARED_DISKS"]
MAINTENANCE_DAYS: int = env["MAINTENANCE_DAYS"]
