"""Gaps in the timeline: where messages are not loaded stands a button that loads them, in their order."""

import pytest
from playwright.sync_api import expect

from tests.server.harness import serving
from tests.web.conftest import sees

GAP = "Some messages are not shown here. Load them"


@pytest.fixture
def server():
    with serving(limits=False) as running:
        yield running


def says(client, first, last):
    lines = "".join(f"PRIVMSG #lobby :line {number:04}\r\n" for number in range(first, last))
    client.send(f"{lines}PING done\r\n")
    client.until("done")


def loaded(page):
    """What is loaded, in its order: the number of each message, and "gap"."""
    return page.evaluate("""() => asyncchat.chat.current.messages
        .filter((one) => one.kind === "gap" || one.text.startsWith("line "))
        .map((one) => one.kind === "gap" ? "gap" : Number(one.text.slice(5)))""")


def runs(numbers):
    """First and last of each run of consecutive numbers, and the gaps between them."""
    out = []
    before = None
    for number in numbers:
        if number == "gap":
            out.append(number)
        elif out and number - 1 == before:
            out[-1] = (out[-1][0], number)
        else:
            out.append((number, number))
        before = None if number == "gap" else number
    return out


def find(page, words):
    page.get_by_role("button", name="Search").click()
    page.get_by_role("searchbox").fill(words)
    page.keyboard.press("Enter")
    page.locator(".found").first.click()


def go_to_gap(page):
    """Shows the first gap and focuses the message before it."""
    page.evaluate("""() => {
      const { messages } = asyncchat.chat.current;
      asyncchat.timeline.toMessage(messages[messages.findIndex((one) => one.kind === "gap") - 1].id);
    }""")


def fill(page):
    """Presses the button of the first gap, and waits until its messages are there."""
    go_to_gap(page)
    gap = page.get_by_role("button", name=GAP).first
    before = page.evaluate("asyncchat.chat.current.messages.length")
    gap.press("Enter")
    page.wait_for_function("(count) => asyncchat.chat.current.messages.length !== count", arg=before)
    expect(page.locator(".gap[aria-busy]")).to_have_count(0)


def test_the_way_from_a_found_message_to_the_newest_has_no_silent_gap(server, visits):
    iris = server.irc("iris")
    says(iris, 0, 350)
    page = visits.join(server.port, "anna")
    sees(page, "line 0349")
    find(page, "line 0060")
    expect(page.locator(".message.flash")).to_contain_text("line 0060")
    early, gap, late = runs(loaded(page))
    assert early[0] <= 60 <= early[1]
    assert gap == "gap"
    assert late[1] == 349
    # The arrow keys go to it, Enter loads, and the focus is on the first message that was not there.
    go_to_gap(page)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name=GAP)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".message:focus")).to_contain_text(f"line {early[1] + 1:04}")
    expect(page.locator(".message:focus")).to_be_in_viewport()
    assert runs(loaded(page))[1:] == ["gap", late]
    while "gap" in loaded(page):
        fill(page)
    assert runs(loaded(page)) == [(early[0], 349)]


def test_two_found_messages_far_apart_leave_two_gaps(server, visits):
    iris = server.irc("iris")
    says(iris, 0, 500)
    page = visits.join(server.port, "anna")
    sees(page, "line 0499")
    find(page, "line 0060")
    expect(page.locator(".message.flash")).to_contain_text("line 0060")
    find(page, "line 0260")
    expect(page.locator(".message.flash")).to_contain_text("line 0260")
    assert runs(loaded(page))[1::2] == ["gap", "gap"]
    while "gap" in loaded(page):
        fill(page)
        numbers = [number for number in loaded(page) if number != "gap"]
        assert numbers == sorted(set(numbers))
    first, last = runs(loaded(page))[0]
    assert first <= 60
    assert last == 499


def test_much_that_was_said_while_the_page_was_offline_is_loaded_step_by_step(server, visits):
    page = visits.join(server.port, "anna")
    iris = server.irc("iris")
    says(iris, 0, 10)
    sees(page, "line 0009")
    url = page.evaluate("asyncchat.connection.url")
    page.evaluate("""() => {
      asyncchat.connection.url = "ws://127.0.0.1:1/";
      dispatchEvent(new Event("offline"));
    }""")
    visits.troubles.clear()
    says(iris, 10, 2350)
    page.evaluate("(url) => { asyncchat.connection.url = url; asyncchat.connection.retry(); }", url)
    sees(page, "line 2349")
    expect(page.locator("#latest")).to_be_hidden()
    early, gap, late = runs(loaded(page))
    assert (early[0], gap, late[1]) == (0, "gap", 2349)
    while "gap" in loaded(page):
        fill(page)
        numbers = [number for number in loaded(page) if number != "gap"]
        assert numbers == sorted(set(numbers))
    assert runs(loaded(page)) == [(0, 2349)]


def test_a_gap_that_can_t_be_loaded_says_why_and_stays(server, visits):
    iris = server.irc("iris")
    says(iris, 0, 350)
    page = visits.join(server.port, "anna")
    sees(page, "line 0349")
    find(page, "line 0060")
    expect(page.locator(".message.flash")).to_contain_text("line 0060")
    page.evaluate("""() => {
      asyncchat.connection.ask = () => Promise.reject(new Error("the history can't be read"));
    }""")
    go_to_gap(page)
    page.get_by_role("button", name=GAP).press("Enter")
    page.get_by_text("the history can't be read").wait_for()
    expect(page.get_by_role("button", name=GAP)).to_be_focused()
    expect(page.locator(".gap[aria-busy]")).to_have_count(0)
