"""A browser for the page's tests: Chromium, driven from outside, with a fresh profile for each person.

``.ci/run`` installs Chromium; where it is missing, these tests are skipped and say so.
"""

import shutil
from contextlib import suppress
from http.client import BadStatusLine
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.server.harness import PATIENCE, serving

MILLISECONDS = PATIENCE * 1000
"""After which a test of the page fails: only a hang takes so long."""

expect.set_options(timeout=MILLISECONDS)

# The first is the same engine without windows and menus of its own: half the work for a page, and less.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, PROGRAMS)), None)


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        # Tests may run as root, where Chromium's own sandbox refuses to; a GPU would be simulated.
        options = ["--no-sandbox", "--disable-gpu"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()


class Visits:
    """Opens the page for people, each in a browser profile of its own, and holds what went wrong in them."""

    def __init__(self, browser):
        self._browser = browser
        self._contexts = []
        self.troubles = []

    def open(self, port, path="/", *, host="127.0.0.1", of=0, **options):
        """The page as a stranger sees it; ``of``: the server's port, where ``port`` is a proxy's."""
        options.setdefault("viewport", {"width": 1280, "height": 800})
        options.setdefault("locale", "en-GB")
        options.setdefault("service_workers", "block")  # one is tested by itself
        context = self._browser.new_context(**options)
        self._contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(MILLISECONDS)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        # A browser of a busy machine may be silent at first for longer than a person with nc, and would be
        # greeted as one; not where a file of the page was loaded just before.
        _load_a_file(of or port)
        page.goto(f"http://{host}:{port}{path}")
        page.wait_for_selector("#composer > *")
        return page

    def join(self, port, name, path="/#lobby", **options):
        """The page of somebody who has come in."""
        page = self.open(port, path, **options)
        page.get_by_label("Your name").fill(name)
        page.get_by_role("button", name="Join", exact=True).click()
        page.wait_for_selector("#app[data-joined=true]")
        return page

    def close(self):
        for context in self._contexts:
            context.close()


def _load_a_file(port):
    while True:
        with suppress(BadStatusLine):  # it was silent for too long itself, and greeted
            urlopen(f"http://127.0.0.1:{port}/icon.svg").close()
            return


@pytest.fixture
def visits(browser):
    opened = Visits(browser)
    yield opened
    opened.close()
    assert opened.troubles == []


@pytest.fixture
def server():
    with serving() as running:
        yield running


def say(page, text):
    """Says something as a person does."""
    field = page.locator("#composer textarea")
    field.fill(text)
    field.press("Enter")


def texts(page):
    """The messages shown, in their order."""
    return page.locator("#timeline .message:not(.pending) .text").all_inner_texts()


def sees(page, text):
    """Waits until a message with this text is shown and confirmed; gives it."""
    message = page.locator("#timeline .message:not(.pending)", has_text=text).last
    message.wait_for()
    return message
