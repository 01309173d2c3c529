"""What kind of page a link leads to, when two links are one, and what those to one project have in common. Pure."""

import re
from collections.abc import Callable, Iterable
from enum import IntEnum
from functools import lru_cache
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from core.domains import registered_domain
from core.text import storable


class Kind(IntEnum):
    """What a link leads to, best first: the lower, the rather it is a project's own page."""

    SITE = 1
    REPOSITORY = 2
    STORE = 3
    ARTICLE = 4
    PROFILE = 5
    VIDEO = 6
    SOCIAL = 7
    REFERENCE = 8


REPOSITORIES = ("github.com", "gitlab.com", "codeberg.org", "bitbucket.org", "sr.ht", "gist.github.com", "gitee.com")
STORES = (
    "apps.apple.com", "itunes.apple.com", "testflight.apple.com", "apple.co", "play.google.com", "f-droid.org",
    "chromewebstore.google.com", "chrome.google.com", "addons.mozilla.org", "marketplace.visualstudio.com",
    "store.steampowered.com", "itch.io", "pypi.org", "npmjs.com", "jsr.io", "crates.io", "rubygems.org", "hex.pm",
    "packagist.org", "hub.docker.com", "gumroad.com", "kickstarter.com", "indiegogo.com", "producthunt.com",
    "microsoft.com", "apps.microsoft.com", "etsy.com", "amazon.com", "leanpub.com", "huggingface.co",
)  # fmt: skip
VIDEOS = ("youtube.com", "youtu.be", "vimeo.com", "loom.com", "twitch.tv", "streamable.com", "tiktok.com")
SOCIALS = (
    "twitter.com", "x.com", "linkedin.com", "facebook.com", "instagram.com", "reddit.com", "discord.gg",
    "discord.com", "mastodon.social", "bsky.app", "threads.net", "hachyderm.io", "fosstodon.org", "slack.com",
    "patreon.com", "ko-fi.com", "calendly.com", "tinyletter.com", "matrix.to", "open.spotify.com", "soundcloud.com",
)  # fmt: skip
REFERENCES = (
    "news.ycombinator.com", "wikipedia.org", "arxiv.org", "doi.org", "biorxiv.org", "nature.com", "archive.org",
    "nytimes.com", "theguardian.com", "ft.com", "bbc.com", "bbc.co.uk", "bloomberg.com", "wired.com", "reuters.com",
    "techcrunch.com", "stackoverflow.com", "google.com", "w3.org", "ietf.org", "imgur.com", "xkcd.com", "mozilla.org",
    "microsoft.com", "google.dev", "apple.com", "meta.com", "openai.com", "anthropic.com", "nvidia.com", "docs.python.org", "kaggle.com", "goodreads.com",
)  # fmt: skip
ARTICLES = ("medium.com", "substack.com", "dev.to", "hashnode.dev", "blogspot.com", "notion.site", "pastebin.com")
PLAIN_LABELS = set(
    "www app apps web docs doc blog get go api demo m try beta dev admin about play my en store shop "
    "home landing portal dashboard help reader status news cloud console signup download test staging alpha info".split()
)
ARTICLE_PATH = re.compile(r"/(?:blog|posts?|articles?|news|essays?|story|stories|wiki|20\d\d)(?:/|$)|/20\d\d[/-]", re.I)
DOCS_PATH = re.compile(
    r"/(?:docs?|documentation|guides?|tutorials?|changelog|roadmap|privacy|license|pricing)(?:/|$)", re.I
)


LONGEST_CANONICAL_URL = 2000  # bytes; PostgreSQL indexes 2,704 at most
# A profile or a video channel stands for a person, who has many projects.
IDENTIFYING = {Kind.SITE, Kind.REPOSITORY, Kind.STORE, Kind.ARTICLE}
TRACKING_PARAMETERS = frozenset(
    "fbclid gclid dclid msclkid igshid mc_cid mc_eid ref ref_src ref_source referrer source si _ga _gl yclid".split()
)
# Their front pages are nobody's project: mail, hosting, registrars, and what many build or sell with.
COMMON_HOSTS = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com "
    "aol.com proton.me protonmail.com pm.me fastmail.com fastmail.fm gmx.com gmx.de gmx.net web.de zoho.com tuta.com "
    "hey.com tuta.io tutanota.com mail.com mail.ru yandex.com yandex.ru qq.com 163.com 126.com posteo.de mailbox.org "
    "duck.com hushmail.com riseup.net disroot.org "
    "fly.io render.com vercel.com netlify.com heroku.com railway.com digitalocean.com hetzner.com linode.com vultr.com "
    "cloudflare.com ovh.com ovhcloud.com scaleway.com supabase.com azure.com amazonaws.com deno.com replit.com "
    "lovable.dev bolt.new v0.dev "
    "porkbun.com namecheap.com godaddy.com gandi.net hover.com "
    "wix.com webflow.com framer.com shopify.com ghost.org bubble.io airtable.com notion.so notion.com linktr.ee "
    "stripe.com paypal.com lemonsqueezy.com paddle.com buymeacoffee.com openstreetmap.org "
    "google.com apple.com microsoft.com facebook.com github.com gitlab.com".split()
)
INDEX_PAGE = re.compile(r"/(?:index|default|home)\.(?:html?|php|aspx?)$", re.IGNORECASE)
UNRESERVED = re.compile(r"%(2[dDeE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE])")
# Of a repository's pages those that say nothing else than its front page: a branch as a whole, the README, lists.
REPOSITORY_PAGES = re.compile(
    r"/(?:-/)?(?:(?:tree|src(?:/branch)?|blob)/(?:main|master|trunk|head|develop)(?:/(?:readme(?:\.\w+)?)?)?"
    r"|issues|pulls|releases(?:/latest)?|wiki|discussions|actions|tags|stargazers|merge_requests|blob/head/readme\.md)$"
)
IN_LOCALE = re.compile(r"^/[a-z]{2}(?:[-_][a-zA-Z]{2,4})?(?=/)")

Page = tuple[str, str, dict[str, str]]
"""Host, path and query."""


def host_of(url: str) -> str:
    """Return the lower-case host without ``www.``; empty when there is none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.").rstrip(".")
    except ValueError:
        return ""


def is_web(url: str) -> bool:
    """Return whether a page of ours may link to ``url``: an http or https address with a host."""
    return url.lower().startswith(("http://", "https://")) and bool(host_of(url))


def is_on(host: str, hosts: Iterable[str]) -> bool:
    """Return whether ``host`` is one of ``hosts``, or below one."""
    return any(host == one or host.endswith("." + one) for one in hosts)


def path_of(url: str) -> list[str]:
    """Return the parts of the path of ``url``; none where it cannot be read."""
    try:
        return [part for part in urlsplit(url).path.split("/") if part]
    except ValueError:
        return []


@lru_cache(maxsize=4_096)
def kind_of(url: str) -> Kind:
    """Return what ``url`` leads to, told from its host and path."""
    host, path = host_of(url), path_of(url)
    if is_on(host, REPOSITORIES):
        return Kind.REPOSITORY if len(path) >= 2 or host.startswith("gist.") else Kind.PROFILE
    if is_on(host, STORES) and host != "microsoft.com":
        return Kind.STORE
    for hosts, kind in ((VIDEOS, Kind.VIDEO), (SOCIALS, Kind.SOCIAL)):
        if is_on(host, hosts):
            return kind
    if host in ("t.me", "docs.google.com", "sites.google.com", "script.google.com"):
        return Kind.STORE
    if is_on(host, REFERENCES) or not host:
        return Kind.REFERENCE
    if is_on(host, ARTICLES) or ARTICLE_PATH.search("/" + "/".join(path) + "/"):
        return Kind.ARTICLE
    return Kind.SITE


# What a reader chooses by: where a project's primary URL leads, of all that it may be.
LINK_KINDS = ("repository", "site", "store", "none")


def link_kind(url: str) -> str:
    """Return which of LINK_KINDS ``url`` is; whatever is neither repository nor store is a site."""
    if not url:
        return "none"
    return {Kind.REPOSITORY: "repository", Kind.STORE: "store"}.get(kind_of(url), "site")


def project_key(url: str) -> str:
    """Return what two links of one project share: owner and repository, or the host, or a store's page."""
    host, path = host_of(url), path_of(url)
    if is_on(host, REPOSITORIES):
        return "/".join([host, *path[:2]]).lower()
    if is_on(host, STORES) or is_on(host, VIDEOS) or host == "t.me":
        return f"{host}/{'/'.join(path)}".lower()
    return host


@lru_cache(maxsize=4_096)
def canonical_url(url: str) -> str:
    """Return ``url`` as all are written that lead to the same page.

    Scheme, ``www.``, port, fragment, tracking parameters, an index page and the trailing slash go; the host is in small
    letters and ASCII. Of stores and repositories what names the language, the country or the branch goes, too, and the
    letter case where the host has none. An address that cannot be parsed comes back as an empty text, which matches
    nothing.
    """
    try:
        parts = urlsplit(storable(url).strip())
        host = _ascii(parts.hostname or "")
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    query = {
        name: value
        for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
        if name.lower() not in TRACKING_PARAMETERS and not name.lower().startswith("utm_")
    }
    path = INDEX_PAGE.sub("", _written_one_way(parts.path)).rstrip("/")
    for hosts, rewritten in REWRITTEN:
        if is_on(host, hosts):
            host, path, query = rewritten((host, path, query))
            break
    canonical = f"{host}{path}{'?' + urlencode(query) if query else ''}"
    return canonical if len(canonical.encode()) <= LONGEST_CANONICAL_URL else ""


def identity(url: str) -> str:
    """Return the canonical URL where it stands for one project; "" for profiles, and for front pages of many users.

    Those are hosts that give out names, mail hosts, stores, and hosts that many run on.
    """
    if not url or kind_of(url) not in IDENTIFYING:
        return ""
    canonical = canonical_url(url)
    host, _, rest = canonical.partition("/")
    if not rest and (host in COMMON_HOSTS or is_on(host, STORES) or not registered_domain(host)):
        return ""
    return canonical


def _ascii(host: str) -> str:
    """Return a host in small letters as it is asked for: IDN as punycode, without ``www.`` and a last dot."""
    host = host.rstrip(".").lower()
    if not host.isascii():
        import idna

        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            return host.removeprefix("www.")
    return host.removeprefix("www.")


def _written_one_way(path: str) -> str:
    """Return a path with escapes only where they are needed, and in capitals."""
    path = UNRESERVED.sub(lambda match: chr(int(match[1], 16)), path)
    return quote(re.sub(r"%[0-9a-f]{2}", lambda match: match[0].upper(), path, flags=re.I), safe="/%:@!$&'()*+,;=~-._")


def _repository(page: Page) -> Page:
    # Owner and name have no letter case there; a path within a repository has, but nobody has two that differ in it.
    host, path, query = page
    front = re.match(r"/[^/]+/[^/]+", path.lower())
    if front is None:
        return host, path.lower(), query
    below = REPOSITORY_PAGES.sub("", path.lower()[front.end() :])
    return host.replace("git.sr.ht", "sr.ht"), front[0].removesuffix(".git") + below, query if below else {}


def _apple(page: Page) -> Page:
    # apps.apple.com/us/app/cedarloft/id19, itunes.apple.com/app/id19?mt=8
    _, path, _ = page
    number = re.search(r"/(id\d+)$", path)
    return "apps.apple.com", f"/app/{number[1]}" if number else IN_LOCALE.sub("", path), {}


def _play(page: Page) -> Page:
    host, path, query = page
    return host, path, {name: value for name, value in query.items() if name == "id"}


def _chrome(page: Page) -> Page:
    # chromewebstore.google.com/detail/name/ID and, before, chrome.google.com/webstore/detail/name/ID?hl=de
    _, path, _ = page
    extension = re.search(r"/detail/(?:[^/]+/)?([a-p]{32})", path)
    return "chromewebstore.google.com", f"/detail/{extension[1]}" if extension else path, {}


def _steam(page: Page) -> Page:
    host, path, _ = page
    number = re.match(r"/app/(\d+)", path)
    return host, f"/app/{number[1]}" if number else path, {}


def _in_no_locale(page: Page) -> Page:
    host, path, query = page
    return host, IN_LOCALE.sub("", path).lower(), {name: value for name, value in query.items() if name == "itemName"}


def _package(page: Page) -> Page:
    # Names of packages have no letter case, and "-" and "_" are one in them.
    host, path, _ = page
    path = re.sub(r"^/p/", "/project/", path.lower()) if host == "pypi.org" else path.lower()
    return host, re.sub(r"[-_.]+", "-", path) if host in ("pypi.org", "crates.io") else path, {}


def _without_case(page: Page) -> Page:
    host, path, query = page
    return host, path.lower(), query


REWRITTEN: tuple[tuple[tuple[str, ...], Callable[[Page], Page]], ...] = (
    (REPOSITORIES, _repository),
    (("apps.apple.com", "itunes.apple.com"), _apple),
    (("play.google.com",), _play),
    (("chromewebstore.google.com", "chrome.google.com"), _chrome),
    (("store.steampowered.com",), _steam),
    (("addons.mozilla.org", "f-droid.org", "apps.microsoft.com", "marketplace.visualstudio.com"), _in_no_locale),
    (("pypi.org", "npmjs.com", "crates.io", "rubygems.org"), _package),
    (("itch.io", "producthunt.com", "kickstarter.com", "huggingface.co", "packagist.org"), _without_case),
)
