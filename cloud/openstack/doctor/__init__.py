"""Diagnose and set up an OpenStack for Minga: `manage.py check_cloud`, `setup_cloud` and the trial machine."""
