"""What can go wrong with an embedded server, as one line that says what to do."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
DISK_FULL_SIGNS = ("No space left on device", "Disk quota exceeded")


class EmbeddedError(Exception):
    """An embedded server cannot be had. The text is one line for the operator, with the way out."""


def disk_full(folder: Path) -> EmbeddedError:
    """Return the error for a full disk under ``folder``."""
    return EmbeddedError(
        f"The disk that holds {folder} is full (No space left on device): "
        "free some space or set VAR_DIR to a folder on another disk."
    )


@contextlib.contextmanager
def naming_var_dir(var_dir: Path) -> Iterator[None]:
    """Turn an OSError of the block into an EmbeddedError that names VAR_DIR and what failed in it."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FULL:
            raise disk_full(var_dir) from error
        what = f"{error.strerror or error}: {error.filename}" if error.filename else error.strerror or error
        raise EmbeddedError(
            f"VAR_DIR={var_dir} cannot be used ({what}): set VAR_DIR to a folder that this user can write."
        ) from error
