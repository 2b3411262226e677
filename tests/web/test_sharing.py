"""Files on the page: picked, pasted, dropped; pictures in the timeline; what is refused."""

import base64
import re

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect

from tests.server.harness import serving
from tests.server.test_file_types import png
from tests.web.conftest import sees
from tests.web.test_access import violations


@pytest.fixture(scope="module")
def server():
    with serving(file_megabytes=1) as running:
        yield running


def transfer(page, event, name, kind, content, target="#composer textarea"):
    """Pastes or drops a file, as a browser does; says whether the page kept the browser from opening it."""
    return page.evaluate(
        """([event, name, kind, content, target]) => {
            const data = new DataTransfer();
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            data.items.add(new File([bytes], name, { type: kind }));
            const options = { bubbles: true, cancelable: true };
            const made = event === "paste" ? new ClipboardEvent("paste", { ...options, clipboardData: data })
                : new DragEvent(event, { ...options, dataTransfer: data });
            return !document.querySelector(target).dispatchEvent(made);
        }""",
        [event, name, kind, base64.b64encode(content).decode(), target],
    )


def test_files_are_shared_in_all_ways(server, visits):
    anna, ben = visits.join(server.port, "anna"), visits.join(server.port, "ben")
    # Picked.
    with anna.expect_file_chooser() as chooser:
        anna.get_by_role("button", name="Send a file").click()
    chooser.value.set_files(
        [
            {"name": "a plan.txt", "mimeType": "text/plain", "buffer": b"first tea\n" * 150},
            {"name": "screen.png", "mimeType": "image/png", "buffer": png(640, 480)},
        ]
    )
    card = ben.locator("#timeline a.file", has_text="a plan.txt")
    expect(card).to_contain_text("1.5 KB")
    picture = ben.locator("#timeline a.picture img")
    expect(picture).to_have_attribute("alt", "screen.png")
    expect(picture).to_have_js_property("naturalWidth", 640)
    assert (picture.bounding_box()["width"], picture.bounding_box()["height"]) == (320, 240)
    # Who has no page reads the link.
    nc = server.person("carl")
    nc.send("/history\n")
    nc.until("/screen.png")
    # A click opens it, and nothing of it runs.
    with ben.context.expect_page() as opened:
        card.click()
    assert opened.value.locator("body").inner_text().startswith("first tea")
    opened.value.close()
    # Pasted.
    assert transfer(anna, "paste", "image.png", "image/png", png(100, 50))
    expect(ben.locator("#timeline a.picture img")).to_have_count(2)
    # Dropped: the browser stays in the chat.
    assert transfer(anna, "dragover", "x.html", "text/html", b"x", "#timeline")
    expect(anna.locator(".drop")).to_contain_text("#lobby")
    assert transfer(anna, "drop", "x.html", "text/html", b"<script>alert(1)</script>", "#timeline")
    expect(anna.locator(".drop")).to_have_count(0)
    link = sees(ben, "x.html").locator("a.file")
    with ben.context.expect_page() as opened:
        link.click()
    assert opened.value.locator("body").inner_text() == "<script>alert(1)</script>"
    opened.value.close()
    expect(anna.locator(".upload")).to_have_count(0)


def test_what_is_refused_is_told(server, visits):
    anna = visits.join(server.port, "dora")
    assert transfer(anna, "drop", "film.mp4", "video/mp4", bytes(1_200_000))
    row = anna.locator(".upload.failed")
    expect(row).to_contain_text("film.mp4 was not sent: it has 1.2 MB; at most 1 MB are taken here.")
    assert violations(anna) == []
    row.get_by_role("button", name="Dismiss").click()
    expect(row).to_have_count(0)
    options = server.server.context.options
    server.call(lambda: setattr(server.server.context, "options", replace(options, file_guests=False)))
    transfer(anna, "drop", "a.txt", "text/plain", b"a")
    expect(anna.locator(".upload.failed")).to_contain_text("Only people with an account can upload")
    server.call(lambda: setattr(server.server.context, "options", options))
    # What looks like a picture of this server's opens there, and keeps its place if there is none. A link to
    # another host's file names that host.
    page = visits.join(server.port, "eva")
    irc = server.irc("finn")
    lost = "http://chat.example.org/files/" + "a" * 26 + "-400x200/lost.png"
    irc.send(f"PRIVMSG #lobby :see {lost}\r\n")
    place = sees(page, "see").locator(".no-picture")
    expect(place).to_have_text(re.compile(r"lost\.png"))
    assert place.bounding_box()["height"] == 180
    here = lost.replace("http://chat.example.org", f"http://127.0.0.1:{server.port}")
    expect(sees(page, "see").locator("a.picture")).to_have_attribute("href", here)
    trap = lost.replace("400x200/lost.png", "4000/plan.pdf")
    irc.send(f"PRIVMSG #lobby :read {trap}\r\n")
    card = sees(page, "read").locator("a.file")
    expect(card).to_have_attribute("href", trap)
    expect(card).to_contain_text("at chat.example.org")
    # Where nobody can write, a drop does nothing but stay.
    visitor = visits.open(server.port, "/#lobby")
    assert transfer(visitor, "drop", "a.txt", "text/plain", b"a", "#timeline")
    expect(visitor.locator("#toasts")).to_contain_text("Join a room first")
