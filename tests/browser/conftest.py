"""A real browser on the real web server.

A test asks for ``page`` (a tab of Chromium), ``live`` (the server; ``live.url``) and ``sign_in``. Whatever the test
does, it fails when its page asked another host, broke our content security policy or raised an error in a script.
"""

import os
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.chromium import WAY_OUT, find
from tests.servers.web import Web

# Milliseconds to wait for what a page should show: the machine may be busy.
PATIENCE = 20_000
PASSWORD = "a long password for tests"


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Chromium without a window, one for all tests of this folder."""
    path = find()
    if path is None:
        pytest.skip(WAY_OUT)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright leaves an event loop running in this thread, which is not ours and uses no database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        # In a container, and as root, Chromium has no sandbox and little shared memory.
        arguments = ["--disable-dev-shm-usage"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def web(django_db_setup, tmp_path_factory) -> Iterator[Web]:
    """The web server, one for all tests of this folder."""
    settings.EMBEDDED_VALKEY.ensure_running()
    with Web(tmp_path_factory.mktemp("web")) as server:
        yield server


@pytest.fixture(scope="module")
def web_with_model(django_db_setup, tmp_path_factory, model) -> Iterator[Web]:
    """The web server with the language model of the test's file, its fixture ``model``: a file names it ``web``."""
    settings.EMBEDDED_VALKEY.ensure_running()
    with Web(tmp_path_factory.mktemp("web"), LLM_BASE_URL=model.url, LLM_MODEL="scripted") as server:
        yield server


@pytest.fixture
def live(web: Web, transactional_db) -> Web:
    """The web server, which sees what this test saves; all rows go at the test's end."""
    return web


@pytest.fixture
def page(chromium: Browser, live: Web, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A tab of a browser that nobody used before, 1440 x 900; mark ``parametrize("page", [{...}], indirect=True)``
    gives it other options of Playwright's ``new_context``."""
    options = {"viewport": {"width": 1440, "height": 900}} | getattr(request, "param", {})
    context = chromium.new_context(base_url=live.url, **options)
    context.set_default_timeout(PATIENCE)
    tab = context.new_page()
    problems: list[str] = []
    host = urlsplit(live.url).netloc

    def look_at(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            problems.append(message.text)

    context.on("console", look_at)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    context.on(
        "request",
        lambda sent: problems.append(f"It asked {sent.url}") if urlsplit(sent.url).netloc not in (host, "") else None,
    )
    yield tab
    context.close()
    assert problems == []


@pytest.fixture
def sign_in(page: Page, live: Web) -> Callable[..., object]:
    """Return a function that signs the page in as a new user, a superuser unless ``groups`` says what the user may.

    ``sign_in("rita", groups=["Reviewer"])`` returns the user; the password is ``PASSWORD``.
    """

    def signing_in(username: str = "operator", *, groups: list[str] | None = None) -> object:
        users = get_user_model().objects
        if groups is None:
            user = users.create_superuser(username, password=PASSWORD)
        else:
            user = users.create_user(username, password=PASSWORD, is_staff=True)
            user.groups.set(Group.objects.filter(name__in=groups))
            assert user.groups.count() == len(groups), f"No such groups: {groups}"
        page.context.add_cookies([{"name": "sessionid", "value": live.session_of(user), "url": live.url}])
        return user

    return signing_in
