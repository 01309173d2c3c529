"""Which account runs a server: ours, or one without power where we are root (PostgreSQL refuses root).

No user is made and the mode of no folder is changed. Where there is data, its owner decides. Else root takes
the first of these that works: the owner of VAR_DIR where that is an ordinary user; a user namespace in which
root has an ordinary user's number (files stay root's, and closed parents such as /root stay closed to all
others); ``nobody``; the owners of VAR_DIR's parents.
"""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waywo_site.embedded.errors import EmbeddedError

# What unmapped ids look like inside a user namespace. Were it ours too, all files would seem to be ours.
OVERFLOW_ID = 65534


@dataclass(frozen=True)
class Account:
    """Who programs run as: ``uid`` and ``gid`` own the files, in a user namespace ``shown_as`` another's."""

    uid: int
    gid: int
    shown_as: pwd.struct_passwd | None = None

    def command(self, command: list[str]) -> list[str]:
        """Return the command line that runs ``command`` as this account."""
        if self.shown_as is None:
            return command
        ids = [f"--map-user={self.shown_as.pw_uid}", f"--map-group={self.shown_as.pw_gid}"]
        return ["unshare", "--user", *ids, "--", *command]

    def options(self) -> dict[str, Any]:
        """Return the options for subprocess that go with ``command()``."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make ``path``, which is ours, this account's."""
        if path.lstat().st_uid != self.uid:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_use(self, folder: Path, program: Path) -> bool:
        """Tell whether this account can write in ``folder`` and run ``program``, by trying it."""
        steps = 'cd -- "$1" && test -w . && exec "$2" --version'
        command = self.command(["/bin/sh", "-c", steps, "sh", str(folder), str(program)])
        quiet: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        try:
            ended = subprocess.run(command, timeout=30, check=False, **quiet, **self.options())
        except (OSError, subprocess.SubprocessError):
            # No unshare program, or no right to change the user: this account is not to be had.
            return False
        return ended.returncode == 0


def ours() -> Account:
    """Return the account that this process runs as."""
    return Account(os.geteuid(), os.getegid())


def choose(folder: Path, data: Path, program: Path, var_dir: Path, *, root_will_do: bool) -> Account:
    """Return the account for ``program``, which keeps ``data`` (perhaps not there yet) in ``folder``.

    ``folder`` becomes that account's while there is no data. Raises EmbeddedError when no account can do it.
    """
    if os.geteuid() != 0:
        return _unprivileged(folder, program, root_will_do)
    candidates = _of_data(data) if data.exists() else _candidates(var_dir)
    if root_will_do:
        candidates.append(ours())
    for account in candidates:
        if not data.exists():
            account.give(folder)
        if account.can_use(folder, program):
            return account
    if not data.exists():
        ours().give(folder)
    raise _no_account(folder, program)


def _unprivileged(folder: Path, program: Path, any_user_will_do: bool) -> Account:
    if any_user_will_do or _passwd_entry(os.geteuid()):
        return ours()
    # initdb insists on a name for its user; a container started with a bare number has none.
    for account in _namespace():
        if account.can_use(folder, program):
            return account
    raise EmbeddedError(
        f"PostgreSQL cannot run as user {os.geteuid()}, who has no entry in /etc/passwd: "
        "run Waywo as a user with a name, or set DATABASE_URL."
    )


def _candidates(var_dir: Path) -> list[Account]:
    owner, *parents = (path.stat().st_uid for path in (var_dir, *var_dir.parents))
    nobody = [user.pw_uid for user in pwd.getpwall() if user.pw_name == "nobody"]
    candidates = []
    for uid in dict.fromkeys([owner, 0, *nobody, *parents]):
        if uid == 0:
            candidates += _namespace()
        elif user := _passwd_entry(uid):
            candidates.append(Account(user.pw_uid, user.pw_gid))
    return candidates


def _of_data(data: Path) -> list[Account]:
    owner = data.stat()
    return _namespace() if owner.st_uid == 0 else [Account(owner.st_uid, owner.st_gid)]


def _namespace() -> list[Account]:
    users = [user for user in pwd.getpwall() if user.pw_uid != 0]
    users.sort(key=lambda user: user.pw_uid == OVERFLOW_ID)
    return [Account(os.geteuid(), os.getegid(), shown_as=user) for user in users[:1]]


def _passwd_entry(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _no_account(folder: Path, program: Path) -> EmbeddedError:
    way_out = "run Waywo as an ordinary user, or set DATABASE_URL"
    if closed := _closed_to_others(program):
        return EmbeddedError(
            f"PostgreSQL does not run as root, and {closed}, where its programs are, is closed to others: "
            f"install Waywo outside of it, {way_out}."
        )
    closed = _closed_to_others(folder) or folder
    return EmbeddedError(
        f"PostgreSQL does not run as root, and {closed} is closed to other users: "
        f"set VAR_DIR to a folder that others may enter such as /var/lib/waywo, {way_out}."
    )


def _closed_to_others(path: Path) -> Path | None:
    """Return the outermost parent of ``path`` that others may not enter."""
    return next((parent for parent in reversed(path.parents) if not parent.stat().st_mode & 0o001), None)
