"""People: who they are, their role, their SSH keys. Knows nobody above: no machine, no quota, no course."""
