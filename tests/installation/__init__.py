"""docs/admin/install.md as a script: its systemd way, line by line, in a booted guest. `python -m tests.installation`."""
