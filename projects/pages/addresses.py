"""Which addresses a stranger's URL may lead to, and an httpx transport that goes nowhere else.

Checking a name and then calling the HTTP client is the hole: the second look-up can answer otherwise. Here
the name is resolved once, every answer is checked, and the connection goes to an address that was checked.
"""

import asyncio
import functools
import re
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

DEFAULT_PORTS = {"http": 80, "https": 443}
RESOLVE_SECONDS = 5.0
# Addresses of one name that are tried one after another; a name can have dozens.
MOST_ADDRESSES = 4

# The IANA special-purpose registries (RFC 6890 and later), where strangers' sites cannot be. Written out:
# ``is_global`` differs between Python versions and lets NAT64, 6to4, site-local and multicast through.
REFUSED_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers; 100.100.100.200 is a cloud's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's platform, inside every machine there
        "169.254.0.0/16",  # link-local; 169.254.169.254 is most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# All that is global unicast today; fc00::/7, fe80::/10, fec0::/10, ff00::/8, :: and ::1 are outside.
GLOBAL_IPV6 = IPv6Network("2000::/3")
REFUSED_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise, given up since 2015
        "3fff::/20",  # documentation
    )
)
NAT64 = IPv6Network("64:ff9b::/96")
ISATAP = re.compile(rb"[\x00\x02]\x00\x5e\xfe")

# "127.1", "0x7f.1", "2130706433": resolvers take them for IPv4 addresses, so only the plain spelling passes.
LAST_LABEL_IS_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$", re.IGNORECASE)
HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.IGNORECASE)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class AddressRefused(httpx.TransportError):
    """A URL leads, or may lead, somewhere else than to a public site; the message is one line."""


def is_public(address: str | Address) -> bool:
    """Return whether ``address`` can be a public site's: global unicast, with nothing special about it.

    An IPv4 address inside an IPv6 one (mapped, NAT64, ISATAP) is judged by itself; 6to4 and Teredo are
    refused whatever they carry. A text that is not an address in its plain spelling is not public.
    """
    if isinstance(address, str):
        try:
            address = ip_address(address)
        except ValueError:
            return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in REFUSED_IPV4)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    last_32_bits = IPv4Address(address.packed[12:])
    if address in NAT64:
        return is_public(last_32_bits)
    if ISATAP.fullmatch(address.packed[8:12]) and not is_public(last_32_bits):
        return False
    return address in GLOBAL_IPV6 and not any(address in network for network in REFUSED_IPV6)


class PublicOnlyTransport(httpx.AsyncBaseTransport):
    """An httpx transport that connects to public addresses alone, by http and https on their usual ports.

    ``allowed_networks`` are let in although they are not public, on any port: for tests on loopback, and for
    nothing else. Every request has a connection of its own, resolved and checked for it; the Host header and
    the certificate are those of the name. Raises AddressRefused, and otherwise what httpx raises.
    """

    def __init__(
        self, *, allowed_networks: Iterable[str | Network] = (), resolve_seconds: float = RESOLVE_SECONDS
    ) -> None:
        self._allowed = tuple(ip_network(network) for network in allowed_networks)
        self._resolve_seconds = resolve_seconds
        # Threads of its own: a resolver that hangs must not block what else runs in the loop's threads.
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="resolve")
        # No connection is kept: one is found by its address, and two names can share an address.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(verify=_tls(), trust_env=False, limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send ``request`` to a checked address of its host, trying the next one where none listens."""
        host, port = _target(request.url)
        addresses = await self._resolve(host, port)
        for address in addresses:
            self._check(host, address, request.url)
        *first, last = addresses[:MOST_ADDRESSES]
        for address in first:
            try:
                return await self._send(request, host, address)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._send(request, host, last)

    async def aclose(self) -> None:
        """Close the connections; a look-up that still hangs is left to end by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self._inner.aclose()

    async def _send(self, request: httpx.Request, host: str, address: Address) -> httpx.Response:
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=str(address)),
            # The Host header is among them, made from the name.
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await self._inner.handle_async_request(pinned)

    async def _resolve(self, host: str, port: int) -> list[Address]:
        """Return the addresses of ``host``, IPv4 first: without IPv6 a machine would wait for the others."""
        try:
            return [ip_address(host)]
        except ValueError:
            pass
        look_up = functools.partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            async with asyncio.timeout(self._resolve_seconds):
                answers = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        except TimeoutError:
            raise httpx.ConnectTimeout(f"{host} was not resolved within {self._resolve_seconds:g} s") from None
        except (OSError, UnicodeError) as error:
            # Readers see it: "Name or service not known", without the number of the error.
            reason = getattr(error, "strerror", None) or error
            raise httpx.ConnectError(f"{host} cannot be resolved: {reason}") from error
        addresses = dict.fromkeys(ip_address(answer[4][0]) for answer in answers)
        if not addresses:
            raise httpx.ConnectError(f"{host} has no address")
        return sorted(addresses, key=lambda address: address.version)

    def _check(self, host: str, address: Address, url: httpx.URL) -> None:
        if any(address in network for network in self._allowed):
            return
        if not is_public(address):
            raise AddressRefused(f"{host} is at {address}, which is not a public address")
        if url.port not in (None, DEFAULT_PORTS[url.scheme]):
            raise AddressRefused(f"port {url.port} is not the usual one of {url.scheme}")


@functools.cache
def _tls() -> ssl.SSLContext:
    """Return the context that checks certificates; making one takes some 20 ms, so once a process."""
    return httpx.create_ssl_context(trust_env=False)


def _target(url: httpx.URL) -> tuple[str, int]:
    """Return the host (ASCII, without its last dot) and port that ``url`` names, or raise AddressRefused."""
    if url.scheme not in DEFAULT_PORTS:
        raise AddressRefused(f"{url.scheme or 'no scheme'} is neither http nor https")
    if url.userinfo:
        raise AddressRefused("a URL with a user name or password is not followed")
    # One trailing dot is right for a name and changes nothing but how it compares.
    host = url.raw_host.decode("ascii").removesuffix(".").lower()
    port = url.port or DEFAULT_PORTS[url.scheme]
    if ":" in host:
        return _plain_ipv6(host), port
    if len(host) > 253 or not HOST_NAME.fullmatch(host):
        raise AddressRefused(f"{host[:100]!r} is not a host name")
    if LAST_LABEL_IS_NUMBER.search(host):
        try:
            return str(IPv4Address(host)), port
        except ValueError:
            raise AddressRefused(f"{host!r} is an odd spelling of an IPv4 address") from None
    return host, port


def _plain_ipv6(host: str) -> str:
    try:
        return str(IPv6Address(host))
    except ValueError:
        raise AddressRefused(f"[{host[:100]}] is not an IPv6 address") from None
