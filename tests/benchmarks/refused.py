"""Prints what comes of hostile addresses, a line each; nothing of them may be reached.

.venv/bin/python -m tests.benchmarks.refused
"""

import asyncio
import os

import django

import tests.environment  # noqa: F401
from projects.pages.fetching import fetch
from tests.servers.pages import PageServer, redirect

HOSTS = (
    *("127.0.0.1", "localhost", "localhost.", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
    *("169.254.169.254", "224.0.0.1", "255.255.255.255", "192.0.0.8", "2130706433", "0177.0.0.1", "0x7f.1", "127.1"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:100.100.100.200]", "[64:ff9b::a9fe:a9fe]", "[fec0::1]"),
    *("[2002:7f00:1::]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[fe80::1]", "[fc00::1]", "[ff02::1]"),
)
URLS = (
    *(f"http://{host}/" for host in HOSTS),
    *("ftp://example.com/", "file:///etc/passwd", "http://example.com:22/", "http://user@127.0.0.1/", "gopher://x/"),
)
# Where the redirecting server itself is.
WITHIN = {"http://127.0.0.1/", "http://localhost/", "http://localhost./", "http://user@127.0.0.1/"}


async def main() -> None:
    """Ask for each, and for redirects to some of them, from a server on loopback that is let through."""
    from projects.pages.addresses import PublicOnlyTransport

    reached = 0
    for url in URLS:
        page = await fetch(url)
        reached += page.status is not None
        print(f"{url:<48} {page.error}")
    with PageServer({f"/{place}": redirect(url) for place, url in enumerate(URLS)}) as server:
        for place, url in enumerate(URLS):
            async with PublicOnlyTransport(allowed_networks=("127.0.0.1/32",)) as transport:
                if url in WITHIN:
                    continue
                page = await fetch(f"{server.url}/{place}", transport=transport)
            reached += page.status not in (None, 302)
            print(f"redirect to {url:<36} {page.error}")
    print(f"{reached} reached")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waywo_site.settings")
    os.environ["DEBUG"] = "true"
    django.setup()
    asyncio.run(main())
