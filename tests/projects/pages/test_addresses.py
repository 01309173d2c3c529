"""Which addresses a stranger's URL may lead to, and that the transport goes nowhere else."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from ipaddress import ip_address

import httpx
import pytest

from projects.pages import addresses
from projects.pages.addresses import AddressRefused, PublicOnlyTransport, is_public
from tests.servers.pages import PageServer, page

PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "99.255.255.255",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "198.20.0.1",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
)
NOT_PUBLIC = (
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:100.100.100.200",
    "::ffff:0:127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::808:808",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2a00:1450:4001:80b:0:5efe:10.0.0.1",
    "2a00:1450:4001:80b:200:5efe:127.0.0.1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    # No addresses in their plain spelling.
    "",
    "localhost",
    "127.1",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "2130706433",
    "127.0.0.1.",
    " 8.8.8.8",
)
# What a URL can say to mean an address inside, without a resolver's help.
REFUSED_URLS = (
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0/",
    "http://1.2.3.4.5/",
    "http://256.256.256.256/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1%25eth0]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.100.100.200/",
    "http://%31%32%37.0.0.1/",
    "http://user@8.8.8.8/",
    "http://user:secret@8.8.8.8/",
    "http://8.8.8.8\\@127.0.0.1/",
    "http:///etc/passwd",
    "http://./",
    "http://a..b/",
    "http://ex ample.com/",
    "http://8.8.8.8:8080/",
    "http://8.8.8.8:443/",
    "https://8.8.8.8:80/",
    "http://8.8.8.8:22/",
    "ftp://8.8.8.8/",
    "file:///etc/passwd",
    "gopher://8.8.8.8/",
    "//8.8.8.8/",
)


async def ask(url: str, *allowed: str, **options) -> httpx.Response:
    async with PublicOnlyTransport(allowed_networks=allowed, **options) as transport:
        request = httpx.Request("GET", url, extensions={"timeout": {"connect": 5, "read": 5, "write": 5, "pool": 5}})
        response = await transport.handle_async_request(request)
        await response.aread()
        return response


def resolve_to(monkeypatch, *answers: list[str]) -> list[str]:
    """Have names resolve to the first list of addresses, then to the next; return the names asked for."""
    asked = []
    left = list(answers)

    def getaddrinfo(host, port, *_, **__):
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        family = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [(family[ip_address(ip).version], socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address):
    assert is_public(address)
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_any_other_address_is_not(address):
    assert not is_public(address)


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_a_url_that_leads_inside_is_refused_in_one_line(url):
    with pytest.raises((AddressRefused, httpx.InvalidURL)) as caught:
        asyncio.run(ask(url))
    assert str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_name_of_this_machine_is_refused():
    with pytest.raises(AddressRefused, match="localhost is at 127"):
        asyncio.run(ask("http://localhost/"))


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    resolve_to(monkeypatch, ["93.184.215.14", "10.0.0.7"])
    with pytest.raises(AddressRefused, match=r"mixed\.example is at 10\.0\.0\.7"):
        asyncio.run(ask("http://mixed.example/"))


def test_a_name_is_resolved_once_and_connected_to_what_was_checked(monkeypatch):
    # The second answer is the attack: a client that resolves again would connect to it.
    with PageServer({"/": page("checked")}) as server:
        asked = resolve_to(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
        response = asyncio.run(ask(f"http://rebinding.example:{server.port}/", "127.0.0.1/32"))
    assert response.content == b"checked"
    assert asked == ["rebinding.example"]
    assert server.requests[0][1]["Host"] == f"rebinding.example:{server.port}"


def test_every_request_is_resolved_and_checked_anew(monkeypatch):
    async def twice(port: int) -> None:
        async with PublicOnlyTransport(allowed_networks=["127.0.0.1/32"]) as transport:
            client = httpx.AsyncClient(transport=transport)
            assert (await client.get(f"http://rebinding.example:{port}/")).status_code == 200
            await client.get(f"http://rebinding.example:{port}/")

    with PageServer({"/": page("first")}) as server:
        resolve_to(monkeypatch, ["127.0.0.1"], ["192.168.0.1"])
        with pytest.raises(AddressRefused, match=r"192\.168\.0\.1"):
            asyncio.run(twice(server.port))
    assert len(server.requests) == 1


def test_the_next_address_is_tried_where_none_listens(monkeypatch):
    with PageServer({"/": page("here")}) as server:
        resolve_to(monkeypatch, ["127.0.0.9", "127.0.0.1"])
        response = asyncio.run(ask(f"http://two.example:{server.port}/", "127.0.0.0/8"))
    assert response.content == b"here"


def test_a_resolver_that_hangs_is_given_up(monkeypatch):
    import threading

    release = threading.Event()
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: release.wait(10))
    try:
        with pytest.raises(httpx.ConnectTimeout, match=r"not resolved within 0\.1 s"):
            asyncio.run(ask("http://slow.example/", resolve_seconds=0.1))
    finally:
        release.set()


def test_a_name_that_does_not_exist_is_a_connection_error():
    with pytest.raises(httpx.ConnectError, match=r"cannot be resolved: (?!\[Errno)"):
        asyncio.run(ask("http://nowhere.invalid/"))


def test_only_the_allowed_network_is_let_in():
    with PageServer({"/": page("in")}) as server:
        assert asyncio.run(ask(server.url + "/", "127.0.0.1/32")).content == b"in"
        with pytest.raises(AddressRefused):
            asyncio.run(ask(server.url + "/", "127.0.0.2/32"))
        with pytest.raises(AddressRefused):
            asyncio.run(ask(server.url + "/"))


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes its certificate with the openssl command")
def test_the_certificate_is_checked_against_the_name_and_not_the_address(monkeypatch, tmp_path):
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=right.example -addext subjectAltName=DNS:right.example -keyout key.pem -out cert.pem"
    )
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    monkeypatch.setattr(addresses, "_tls", lambda: trusting)
    resolve_to(monkeypatch, ["127.0.0.1"])
    with PageServer({"/": page("private talk")}, tls=served) as server:
        response = asyncio.run(ask(f"https://right.example:{server.port}/", "127.0.0.1/32"))
        assert response.content == b"private talk"
        with pytest.raises(httpx.ConnectError, match=r"(?i)hostname mismatch"):
            asyncio.run(ask(f"https://wrong.example:{server.port}/", "127.0.0.1/32"))
