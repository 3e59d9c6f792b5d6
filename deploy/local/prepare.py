"""Brings the database up to date: tables, the cache's table, the demo. `python -m deploy.local.prepare`.

One process for all three: starting Django costs a second.
"""

import os


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("demo")


if __name__ == "__main__":
    main()
