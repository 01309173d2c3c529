"""Runs a Python program that ends when the process that started it is gone, even by kill -9.

``python -m waywo_site.running.tethered -m celery …`` or ``… manage.py …``, as after ``python`` itself, with the pid of
who starts it in SUPERVISOR_PID: that may be gone before this has begun.
"""

import os
import runpy
import signal
import sys
import threading
import time

LOOK_SECONDS = 1
END_SECONDS = 10  # from the request to end until its group is killed


def tether(parent: int) -> None:
    """End this process and its group once ``parent`` (a pid) is no longer its parent: asked first, then killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        # Who read our output is gone: a signal handler that writes a line would fail and end nothing.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        # An interpreter that hangs at its own end stops this thread, and the system's alarm ends that.
        signal.alarm(END_SECONDS + LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(END_SECONDS)
        os.killpg(os.getpgid(0), signal.SIGKILL)

    threading.Thread(target=watch, name="tether", daemon=True).start()


def main() -> None:
    tether(int(os.environ["SUPERVISOR_PID"]))
    sys.argv = sys.argv[1:]
    sys.path.insert(0, os.getcwd())
    if sys.argv[0] == "-m":
        sys.argv = sys.argv[1:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
