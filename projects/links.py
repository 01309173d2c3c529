"""What kind of page a link leads to, when two links are one, and what those to one project have in common. Pure."""

import re
from collections.abc import Iterable
from enum import IntEnum
from urllib.parse import parse_qsl, urlencode, urlsplit


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
# Hosts where the first label names the project: name.itch.io, name.github.io.
SHARED_HOSTS = (
    "itch.io", "github.io", "gitlab.io", "netlify.app", "vercel.app", "herokuapp.com", "web.app", "firebaseapp.com",
    "pages.dev", "workers.dev", "fly.dev", "onrender.com", "surge.sh", "streamlit.app", "replit.app", "glitch.me",
    "substack.com", "wordpress.com", "blogspot.com", "readthedocs.io", "notion.site", "bandcamp.com", "carrd.co",
    "railway.app", "deno.dev", "lovable.app", "gumroad.com", "neocities.org", "hf.space", "gitbook.io",
)  # fmt: skip
# A profile or a video channel stands for a person, who has many projects.
IDENTIFYING = {Kind.SITE, Kind.REPOSITORY, Kind.STORE, Kind.ARTICLE}
LONGEST_CANONICAL_URL = 2000  # bytes; PostgreSQL indexes 2,704 at most
TRACKING_PARAMETERS = {"fbclid", "gclid", "igshid", "mc_cid", "mc_eid", "ref", "ref_src", "source", "si"}
SECOND_LEVEL = {"co", "com", "org", "net", "ac", "gov", "edu", "ne", "or"}
PLAIN_LABELS = set(
    "www app apps web docs doc blog get go api demo m try beta dev admin about play my en store shop "
    "home landing portal dashboard help reader status news cloud console signup download test staging alpha info".split()
)
ARTICLE_PATH = re.compile(r"/(?:blog|posts?|articles?|news|essays?|story|stories|wiki|20\d\d)(?:/|$)|/20\d\d[/-]", re.I)
DOCS_PATH = re.compile(
    r"/(?:docs?|documentation|guides?|tutorials?|changelog|roadmap|privacy|license|pricing)(?:/|$)", re.I
)


def host_of(url: str) -> str:
    """Return the lower-case host without ``www.``; empty when there is none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.").lower()
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


def project_key(url: str) -> str:
    """Return what two links of one project share: owner and repository, or the host, or a store's page."""
    host, path = host_of(url), path_of(url)
    if is_on(host, REPOSITORIES):
        return "/".join([host, *path[:2]]).lower()
    if is_on(host, STORES) or is_on(host, VIDEOS) or host == "t.me":
        return f"{host}/{'/'.join(path)}".lower()
    return host


def canonical_url(url: str) -> str:
    """Return ``url`` without what does not tell two pages apart.

    Scheme, ``www.``, port, fragment, tracking parameters and the trailing slash go; the host is lower-cased. An
    address that cannot be parsed comes back as an empty text, which matches nothing.
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    query = urlencode(
        sorted(
            (name, value)
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
            if name.lower() not in TRACKING_PARAMETERS and not name.lower().startswith("utm_")
        )
    )
    # Repository hosts ignore case in owner and name; other paths may not.
    path = parts.path.rstrip("/")
    if host in ("github.com", "gitlab.com"):
        path = path.lower().removesuffix(".git")
    canonical = f"{host}{path}{'?' + query if query else ''}"
    return canonical if len(canonical.encode()) <= LONGEST_CANONICAL_URL else ""


def identity(url: str) -> str:
    """Return the canonical URL where it stands for one project, an empty text for profiles and the like."""
    return canonical_url(url) if url and kind_of(url) in IDENTIFYING else ""


# What a reader chooses by: where a project's primary URL leads, of all that it may be.
LINK_KINDS = ("repository", "site", "store", "none")


def link_kind(url: str) -> str:
    """Return which of LINK_KINDS ``url`` is; whatever is neither repository nor store is a site."""
    if not url:
        return "none"
    return {Kind.REPOSITORY: "repository", Kind.STORE: "store"}.get(kind_of(url), "site")
