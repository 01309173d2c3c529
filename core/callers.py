"""Who makes a request: from which address, and from whose page."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """Return the caller's address; of IPv6 the /64 network, which is one household's or one server's.

    Behind a proxy (which ``CSRF_TRUSTED_ORIGINS`` tells, see settings) it is what the proxy added last.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER:
        address = request.headers.get("X-Forwarded-For", address).split(",")[-1].strip()
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        # A unix socket has no address.
        return "unknown"
    if parsed.version == 6 and parsed.ipv4_mapped:
        # A server that listens on IPv6 writes IPv4 so: all of them lie in one /64.
        return str(parsed.ipv4_mapped)
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def is_sent_by_another_site(request: HttpRequest) -> bool:
    """Return whether a page of another site had the browser send this.

    It stands for the CSRF token where there is no cookie to tie one to. Every browser of today says ``Sec-Fetch-Site``,
    older ones ``Origin``; a program that is no browser says neither, and acts for nobody but itself.
    """
    if site := request.headers.get("Sec-Fetch-Site"):
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
        return False
    try:
        return urlsplit(origin).netloc != request.get_host()
    except ValueError:
        return True
