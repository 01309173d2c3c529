"""Finds the Chromium of the browser tests; ``python -m tests.browser.chromium`` installs it where it is missing."""

import os
import platform
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
WAY_OUT = (
    "The browser tests need Chromium, and it could not be installed by itself here. On Debian and Ubuntu: "
    "sudo apt-get install chromium. Elsewhere: .venv/bin/playwright install chromium, or put the path of a Chromium "
    "or Chrome into the variable CHROMIUM. Without it the browser tests are skipped."
)


def find() -> str | None:
    """Return the path of a Chromium: ``CHROMIUM``, what is on PATH, what Playwright fetched; None without any."""
    named = os.environ.get("CHROMIUM", "")
    if named:
        return shutil.which(named)
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    return on_path or _fetched()


def _fetched() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if path and os.path.exists(path) else None


def _ways() -> list[list[str]]:
    """Return the commands that could install it, in their order; those after one that brought it are left out."""
    fetch = [sys.executable, "-m", "playwright", "install", "chromium"]
    if platform.system() == "Linux" and shutil.which("apt-get") and os.geteuid() == 0:
        # On a fresh machine apt knows no package before its first update.
        install = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
        return [["apt-get", "update"], install, fetch]
    return [fetch]


def main() -> None:
    """Install Chromium where there is none; say what to do where that fails. Never stops ``make test``."""
    for way in [] if find() else _ways():
        print(f"No Chromium found. Installing it: {' '.join(way)}")
        try:
            subprocess.run(way, check=True, timeout=600, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
        except (subprocess.SubprocessError, OSError) as error:
            print(f"That did not work: {error}")
        if find():
            break
    print(f"Browser tests use {path}." if (path := find()) else WAY_OUT)


if __name__ == "__main__":
    main()
