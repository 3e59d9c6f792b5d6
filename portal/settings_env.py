"""The environment of this installation, read once: portal/settings_table.py documents each NAME of env[NAME]."""

import os
from pathlib import Path

from lib.environment import Environment
from portal.settings_table import VARIABLES

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(VARIABLES.values(), os.environ)
env.refuse_unknown("IDLE_")
