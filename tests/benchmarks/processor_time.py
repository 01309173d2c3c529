"""How much time of the processors the web server and PostgreSQL used: what else runs on the machine does not count."""

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Used:
    """Seconds of processor time, user and system, of the web server's processes and of PostgreSQL's."""

    web: float
    database: float

    def since(self, before: "Used", requests: int) -> "Used":
        """Return what one of ``requests`` used since ``before``."""
        return Used((self.web - before.web) / requests, (self.database - before.database) / requests)

    def __str__(self) -> str:
        return f"{self.web * 1000:6.1f} + {self.database * 1000:6.1f} ms of processor"


def used(web: int) -> Used:
    """Return what the processes under the pid ``web`` and those of the embedded PostgreSQL used up to now."""
    return Used(_seconds(web), database_seconds())


def database_seconds() -> float:
    """Return the seconds that the processes of the embedded PostgreSQL used up to now."""
    from django.conf import settings

    pid_file = settings.EMBEDDED_POSTGRESQL.folder / "data" / "postmaster.pid"
    return _seconds(int(pid_file.read_text().split(maxsplit=1)[0]))


def _seconds(pid: int) -> float:
    """Return the seconds of a process and all below it; of those that ended, their parent knows."""
    root = psutil.Process(pid)
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:  # Ended meanwhile: counted with its parent the next time.
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
