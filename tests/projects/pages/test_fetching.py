"""Fetching strangers' URLs: what they serve, what they try, and what is told of it."""

import asyncio
import ipaddress
import subprocess
import sys
import time

import httpx
import pytest

from projects.pages import fetching
from projects.pages.addresses import PublicOnlyTransport
from projects.pages.fetching import FetchedPage, fetch
from projects.pages.robots import RobotsCache
from tests.servers.pages import Answer, PageServer, bare_deflate, gzip_bomb, page, redirect
from tests.servers.processes import ROOT

LOOPBACK = "127.0.0.1/32"
ARTICLE = (
    "<html><head><title>A tool &amp; more</title></head><body><nav>Home</nav><article><p>"
    + "It reads your mail and sorts it by how urgent it is. " * 20
    + "</p></article></body></html>"
)


@pytest.fixture(autouse=True)
def no_robots_known(monkeypatch):
    """Ports come back between tests, and with them what an earlier server said in robots.txt."""
    monkeypatch.setattr(fetching, "_robots", RobotsCache())


def get(url: str, **options) -> FetchedPage:
    """Fetch from this machine as Waywo does from others."""

    async def through_the_transport() -> FetchedPage:
        async with PublicOnlyTransport(allowed_networks=[LOOPBACK]) as transport:
            return await fetch(url, transport=transport, **options)

    return asyncio.run(through_the_transport())


def serve(path: str, answer: Answer, **options) -> FetchedPage:
    with PageServer({path: answer}) as server:
        return get(server.url + path, **options)


def test_a_page_gives_its_title_and_text():
    with PageServer({"/tool": page(ARTICLE)}) as server:
        fetched = get(server.url + "/tool")
    assert fetched.error == ""
    assert fetched.status == 200
    assert fetched.content_type == "text/html"
    assert fetched.title == "A tool & more"
    assert fetched.text.startswith("It reads your mail")
    assert fetched.url == fetched.final_url == server.url + "/tool"


def test_redirects_are_followed_to_the_page():
    pages = {"/": redirect("/two", 301), "/two": redirect("three?a=1", 308), "/three?a=1": page(ARTICLE)}
    with PageServer(pages) as server:
        fetched = get(server.url + "/")
    assert fetched.error == ""
    assert fetched.final_url == server.url + "/three?a=1"
    assert fetched.title == "A tool & more"


def test_five_redirects_are_followed_and_a_sixth_is_not():
    hops = {f"/{i}": redirect(f"/{i + 1}") for i in range(6)} | {"/6": page(ARTICLE)}
    with PageServer(hops) as server:
        assert get(server.url + "/1").error == ""
        assert get(server.url + "/0").error == "more than 5 redirects"
    assert server.paths()[-1] == "/5"


def test_a_redirect_in_a_circle_ends():
    fetched = serve("/", redirect("/"))
    assert fetched.error == "more than 5 redirects"
    assert fetched.status == 302


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254 is at 169.254.169.254, which is not a public"),
        ("http://localhost.:22/", "localhost"),
        ("http://2130706433/", "'2130706433' is an odd spelling of an IPv4 address"),
        ("http://[::ffff:10.0.0.1]/", "is not a public address"),
        ("//10.0.0.1/", "10.0.0.1 is at 10.0.0.1, which is not a public address"),
        ("ftp://example.com/", "ftp is neither http nor https"),
        ("file:///etc/passwd", "file is neither http nor https"),
        ("javascript:alert(1)", "is or leads to what is not a URL"),
        ("http://me:secret@8.8.8.8/", "a URL with a user name or password is not followed"),
        ("http://8.8.8.8:6379/", "port 6379 is not the usual one of http"),
        ("http://[::1", "Invalid"),
        ("http://\xff\xfe/", ""),
        ("/" + "a" * 2000, "the URL is longer than 2000 characters"),
    ],
)
def test_a_redirect_that_leads_elsewhere_is_refused(location, error, monkeypatch):
    # Loopback is allowed to the tests alone, by address, so ::1 is taken away from the name here.
    if "localhost" in location:
        answer = [(2, 1, 6, "", ("127.0.0.3", 22))]
        monkeypatch.setattr("projects.pages.addresses.socket.getaddrinfo", lambda *_, **__: answer)
    fetched = serve("/", redirect(location))
    assert error in fetched.error
    assert fetched.error
    assert "\n" not in fetched.error
    # httpx refuses a Location that is not a URL before it shows the answer.
    assert fetched.status == (None if "not a URL" in error or "Invalid" in error else 302)
    assert fetched.text == ""


@pytest.mark.parametrize(
    "url", ["", "nonsense", "http://", "http://[::1", "http://\0/", "http://\ud800.example/", "javascript:alert(1)"]
)
def test_a_url_that_is_none_is_an_error_of_the_page(url):
    fetched = asyncio.run(fetch(url))
    assert fetched.error
    assert fetched.status is None


def test_without_a_transport_this_machine_is_out_of_reach():
    with PageServer({"/": page(ARTICLE)}) as server:
        fetched = asyncio.run(fetch(server.url + "/"))
    assert fetched.error == "127.0.0.1 is at 127.0.0.1, which is not a public address"
    assert server.requests == []


def test_what_is_no_url_at_all_is_a_mistake_of_the_program():
    with pytest.raises(TypeError):
        asyncio.run(fetch(None))


@pytest.mark.parametrize("status", [204, 304, 400, 401, 403, 404, 410, 429, 500, 503])
def test_a_page_that_is_not_served_says_how(status):
    fetched = serve("/", Answer(b"<title>Sorry</title>", status, {"Content-Type": "text/html"}))
    assert fetched.status == status
    assert fetched.error.startswith(f"answered {status}")
    assert fetched.title == fetched.text == ""


@pytest.mark.parametrize("content_type", ["application/pdf", "image/png", "application/json", "video/mp4", None])
def test_only_texts_are_read(content_type):
    fetched = serve("/", Answer(b"%PDF-1.7", headers={"Content-Type": content_type}))
    assert fetched.error == f"is {content_type or 'of no type'}, not a text"
    assert fetched.text == ""


def test_plain_text_and_markdown_are_taken_as_they_are():
    plain = serve("/a.txt", page("first\r\n<b>second</b>\0", "text/plain"))
    assert (plain.title, plain.text) == ("", "first\r\n<b>second</b>")
    markdown = serve("/README.md", page("# My tool\n\nSorts mail.", "text/markdown; charset=utf-8"))
    assert (markdown.title, markdown.text) == ("My tool", "# My tool\n\nSorts mail.")
    assert len(serve("/long", page("word " * 50_000, "text/plain")).text) <= 20_000


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("Größe".encode("latin-1"), "text/plain; charset=ISO-8859-1"),
        ("Größe".encode(), "text/plain"),
        ("Größe".encode("utf-16"), "text/plain"),
        (b"\xef\xbb\xbf" + "Größe".encode(), 'text/plain; charset="latin-1"'),
        ("Größe".encode(), "text/plain; charset=nonsense"),
        ("Größe".encode(), "text/plain; charset=punycode"),
    ],
)
def test_the_charset_is_found(body, content_type):
    assert serve("/", Answer(body, headers={"Content-Type": content_type})).text == "Größe"


def test_a_charset_declared_in_the_page_is_used():
    body = '<meta charset="windows-1251"><title>Привет</title>'.encode("cp1251")
    assert serve("/", Answer(body, headers={"Content-Type": "text/html"})).title == "Привет"


def test_compressed_pages_are_read():
    assert serve("/", gzip_bomb(1000)).error == ""
    assert serve("/", bare_deflate(ARTICLE)).title == "A tool & more"


@pytest.mark.parametrize(
    ("encoding", "body", "error"),
    [
        ("br", b"x", "is encoded as 'br', which was not asked for"),
        ("gzip, gzip", b"x", "is encoded as 'gzip, gzip', which was not asked for"),
        ("gzip", b"this is no gzip", "its gzip cannot be decoded"),
    ],
)
def test_an_encoding_that_cannot_be_read_is_told(encoding, body, error):
    fetched = serve("/", Answer(body, headers={"Content-Type": "text/html", "Content-Encoding": encoding}))
    assert error in fetched.error


@pytest.mark.parametrize("length", ["right", None])
def test_a_page_above_the_limit_is_cut_off(length):
    answer = Answer(b"x" * 3_000_000, headers={"Content-Type": "text/plain"})
    if length is None:
        answer.headers = {**answer.headers, "Content-Length": None}
    fetched = serve("/", answer)
    assert fetched.error == "too large: more than 2,097,152 bytes"
    assert fetched.text == ""


def test_a_gzip_bomb_stays_small_in_memory():
    # Fetched by a process of its own, whose highest memory (VmHWM; ru_maxrss is inherited) nothing else raised.
    code = f"""
import asyncio, re, sys
from projects.pages.addresses import PublicOnlyTransport
from projects.pages.fetching import fetch
def highest():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
async def get(path):
    return await fetch(sys.argv[1] + path, transport=PublicOnlyTransport(allowed_networks=["{LOOPBACK}"]))
asyncio.run(get("/small"))
before = highest()
fetched = asyncio.run(get("/bomb"))
print(highest() - before, fetched.error)
"""
    small = Answer(b"hi", headers={"Content-Type": "text/plain"})
    with PageServer({"/small": small, "/bomb": gzip_bomb(200_000_000)}) as server:
        command = [sys.executable, "-c", code, server.url]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    grown, _, error = done.stdout.strip().partition(" ")
    print("RSS growth in KiB:", grown)
    assert error == "too large: more than 2,097,152 bytes"
    assert int(grown) < 50_000


def test_a_drip_ends_at_the_deadline():
    started = time.monotonic()
    fetched = serve("/", Answer(b"x" * 1000, headers={"Content-Type": "text/html"}, piece=1, pause=0.02), deadline=0.5)
    assert fetched.error == "no whole answer within 0.5 s"
    assert fetched.status == 200
    # The whole drip takes 20 s.
    assert time.monotonic() - started < 10


def test_slow_redirects_share_the_deadline():
    slow = {f"/{i}": redirect(f"/{i + 1}") for i in range(5)}
    for answer in slow.values():
        answer.delay = 0.2
    with PageServer(slow | {"/5": page(ARTICLE)}) as server:
        fetched = get(server.url + "/0", deadline=0.5)
    assert fetched.error == "no whole answer within 0.5 s"
    assert len(server.paths()) == 3


def test_a_connection_that_breaks_is_told():
    fetched = serve("/", Answer(ARTICLE.encode(), headers={"Content-Type": "text/html"}, cut_at=50))
    assert "peer closed connection" in fetched.error


def test_an_endless_header_is_told():
    fetched = serve("/", page(ARTICLE, **{"X-Long": "a" * 200_000}))
    assert fetched.error
    assert len(fetched.error) <= 300


def test_nobody_listening_is_told():
    with PageServer({}) as server:
        url = server.url
    fetched = get(url + "/")
    assert fetched.error
    assert fetched.status is None


def test_cookies_are_not_kept_and_the_visitor_says_who_it_is():
    first = redirect("/two")
    first.headers = {**first.headers, "Set-Cookie": "id=1; Path=/"}
    with PageServer({"/": first, "/two": page(ARTICLE)}) as server:
        assert get(server.url + "/").error == ""
    for _, headers in server.requests:
        assert "Cookie" not in headers
        assert headers["User-Agent"].startswith("waywo/")
        assert headers["Accept-Encoding"] == "gzip, deflate"


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert serve("/", page(ARTICLE)).error == ""


def test_a_transport_that_was_given_stays_open():
    async def twice(url: str) -> list[FetchedPage]:
        async with PublicOnlyTransport(allowed_networks=[ipaddress.ip_network(LOOPBACK)]) as transport:
            return [await fetch(url, transport=transport), await fetch(url, transport=transport)]

    with PageServer({"/": page(ARTICLE)}) as server:
        assert [fetched.error for fetched in asyncio.run(twice(server.url + "/"))] == ["", ""]


def test_cancelling_a_fetch_ends_it():
    async def cancelled(url: str) -> None:
        async with PublicOnlyTransport(allowed_networks=[LOOPBACK]) as transport, asyncio.timeout(0.2):
            await fetch(url, transport=transport)

    with (
        PageServer({"/": Answer(b"x" * 1000, headers={"Content-Type": "text/html"}, piece=1, pause=0.1)}) as server,
        pytest.raises(TimeoutError),
    ):
        asyncio.run(cancelled(server.url + "/"))


def test_a_mistake_of_the_program_is_raised():
    class Broken(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            raise KeyError("a bug of ours")

    with pytest.raises(KeyError):
        asyncio.run(fetch("http://example.com/", transport=Broken()))


# -- robots.txt ----------------------------------------------------------------------------------------------


def test_what_robots_txt_forbids_is_not_asked_for():
    robots = Answer(b"User-agent: *\nDisallow: /private", headers={"Content-Type": "text/plain"})
    with PageServer({"/robots.txt": robots, "/open": page(ARTICLE), "/private/x": page(ARTICLE)}) as server:
        assert get(server.url + "/open").error == ""
        assert get(server.url + "/private/x").error == f"{server.url}/robots.txt does not let us read it"
    assert server.paths() == ["/open"]
    assert len(server.requests) == 2, "robots.txt is asked for once"


def test_a_redirect_into_what_robots_txt_forbids_is_not_followed():
    robots = Answer(b"User-agent: waywo\nDisallow: /private")
    with PageServer({"/robots.txt": robots, "/": redirect("/private"), "/private": page(ARTICLE)}) as server:
        assert "does not let us" in get(server.url + "/").error
    assert server.paths() == ["/"]


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (410, True), (429, False), (503, False)])
def test_a_site_without_robots_txt_allows_and_one_that_cannot_say_does_not(status, allowed):
    with PageServer({"/robots.txt": Answer(b"", status), "/": page(ARTICLE)}) as server:
        fetched = get(server.url + "/")
    assert (fetched.error == "") is allowed
    if not allowed:
        assert fetched.error == f"{server.url}/robots.txt answered {status}, so nothing there may be read"


def test_a_robots_txt_that_has_moved_is_found_and_one_that_moves_for_ever_is_none():
    moved = {"/robots.txt": redirect("/r"), "/r": Answer(b"User-agent: *\nDisallow: /"), "/": page(ARTICLE)}
    with PageServer(moved) as server:
        assert "does not let us" in get(server.url + "/").error
    with PageServer({"/robots.txt": redirect("/robots.txt"), "/": page(ARTICLE)}) as server:
        assert get(server.url + "/").error == ""


def test_of_a_huge_robots_txt_the_start_is_read():
    huge = b"User-agent: *\nDisallow: /private\n" + b"# filler\n" * 400_000
    with PageServer({"/robots.txt": Answer(huge), "/": page(ARTICLE), "/private": page(ARTICLE)}) as server:
        assert get(server.url + "/").error == ""
        assert "does not let us" in get(server.url + "/private").error
