#!/usr/bin/env python
"""Runs Waywo's commands: ``manage.py help`` lists them."""

import os
import signal
import sys


def main() -> None:
    """Run one command. What its user can mend ends it with one line, not with a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waywo_site.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import CommandError, execute_from_command_line
    from django.db import OperationalError as DatabaseError
    from kombu.exceptions import OperationalError as BrokerError

    from waywo_site.embedded import EmbeddedError

    # A polite end, so that what is done at exit is done: the last one out stops the embedded servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        settings.INSTALLED_APPS  # noqa: B018 - Django would hide a bad variable behind "Unknown command"
        try:
            execute_from_command_line(sys.argv)
        finally:
            sys.stdout.flush()  # here, where it may fail quietly
    except BrokenPipeError:
        # Who read it has enough, as `| head` has. What is still to be written at the end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except (ImproperlyConfigured, EmbeddedError, CommandError) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(getattr(error, "returncode", 1))
    except (DatabaseError, BrokerError) as error:
        variable = "DATABASE_URL" if isinstance(error, DatabaseError) else "CELERY_BROKER_URL"
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        print(f"Error: the server of {variable} cannot be used: {reason}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
