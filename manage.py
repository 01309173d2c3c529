#!/usr/bin/env python
"""Runs Waywo's commands: ``manage.py help`` lists them."""

import os
import sys


def main() -> None:
    """Run one command. What its user can mend ends it with one line, not with a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waywo_site.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import CommandError, execute_from_command_line

    from waywo_site.embedded import EmbeddedError

    try:
        settings.INSTALLED_APPS  # noqa: B018 - Django would hide a bad variable behind "Unknown command"
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, EmbeddedError, CommandError) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(getattr(error, "returncode", 1))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
