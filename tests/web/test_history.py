"""The history on the page: what is loaded has no gaps, wherever one reads, and does not grow without end."""

import re

import pytest
from playwright.sync_api import expect

from tests.server.harness import serving
from tests.web.conftest import say, sees

KEPT = 3000


@pytest.fixture
def server():
    with serving(limits=False) as running:
        yield running


def says(client, first, last, to="#lobby"):
    lines = "".join(f"PRIVMSG {to} :line {number:04}\r\n" for number in range(first, last))
    client.send(f"{lines}PING done\r\n")
    client.until("done")


def loaded(page):
    """The first and last message that is loaded; there is none missing between them."""
    numbers = page.evaluate("""() => asyncchat.chat.current.messages
        .filter((one) => one.text.startsWith("line ")).map((one) => Number(one.text.slice(5)))""")
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    return numbers[0], numbers[-1]


def find(page, words):
    page.get_by_role("button", name="Search").click()
    page.get_by_role("searchbox").fill(words)
    page.keyboard.press("Enter")
    page.locator(".found").first.click()
    expect(page.locator(".message.flash")).to_contain_text(words)
    expect(page.locator(".message.flash")).to_be_in_viewport()


def scroll_to_end(page, last):
    """Scrolls down until a message is shown; what was loaded on the way had no gap."""
    timeline = page.locator("#timeline")
    end = page.locator(".message", has_text=f"line {last:04}")
    while not end.count():
        timeline.evaluate("node => { node.scrollTop = node.scrollTop ? node.scrollHeight : 1 }")
        loaded(page)
    timeline.evaluate("node => { node.scrollTop = node.scrollHeight }")
    expect(end).to_be_in_viewport()


def test_from_a_found_message_on_one_reads_to_the_newest_and_back(server, visits):
    iris = server.irc("iris")
    says(iris, 0, 1300)
    page = visits.join(server.port, "anna")
    sees(page, "line 1299")
    find(page, "line 0060")
    assert loaded(page)[1] < 1299
    # What is said meanwhile is counted, but not shown among old messages.
    iris.send("PRIVMSG #lobby :line 1300\r\n")
    expect(page.locator("#latest")).to_have_text("1 new")
    assert loaded(page)[1] < 1299
    scroll_to_end(page, 1300)
    assert loaded(page) == (loaded(page)[0], 1300)
    expect(page.locator("#latest")).to_be_hidden()
    says(iris, 1301, 1302)
    expect(page.locator(".message", has_text="line 1301")).to_be_in_viewport()
    # The button leads back from an old place at once.
    find(page, "line 0200")
    page.get_by_role("button", name="Newest").click()
    expect(page.locator(".message", has_text="line 1301")).to_be_in_viewport()
    expect(page.locator("#latest")).to_be_hidden()


def test_an_old_quote_opens_what_it_answers(server, visits):
    iris = server.irc("iris")
    says(iris, 0, 400)
    page = visits.join(server.port, "anna")
    sees(page, "line 0399")
    find(page, "line 0060")
    page.keyboard.press("r")
    page.keyboard.type("about that")
    page.keyboard.press("Enter")
    quote = sees(page, "about that").locator(".quote")
    expect(sees(page, "about that")).to_be_in_viewport()  # one's own message is the newest
    quote.click()
    expect(page.locator(".message.flash")).to_contain_text("line 0060")
    expect(page.locator(".message.flash")).to_be_in_viewport()
    scroll_to_end(page, 399)


def test_what_was_said_in_private_is_found_and_read_on(server, visits):
    page = visits.join(server.port, "anna")
    page.evaluate("asyncchat.connection.ask('REGISTER', ['*', '*', 'tea at five'])")
    page.get_by_text("signed in as anna").wait_for()
    ben = server.irc("ben")
    ben.send("PRIVMSG NickServ :REGISTER tea at six\r\nPING done\r\n")
    ben.until("done")
    says(ben, 0, 300, "anna")
    page.reload()
    page.get_by_label("Password of your account").fill("tea at five")
    page.keyboard.press("Enter")
    page.locator("#sidebar").get_by_role("button", name="ben").click()
    sees(page, "line 0299")
    find(page, "line 0010")
    page.get_by_role("heading", name="ben").wait_for()
    scroll_to_end(page, 299)


def test_much_that_was_said_while_the_page_was_offline_is_read_without_a_gap(server, visits):
    page = visits.join(server.port, "anna")
    iris = server.irc("iris")
    says(iris, 0, 10)
    sees(page, "line 0009")
    url = page.evaluate("asyncchat.connection.url")
    page.evaluate("""() => {
      asyncchat.connection.url = "ws://127.0.0.1:1/";
      dispatchEvent(new Event("offline"));
    }""")
    says(iris, 10, 2350)
    page.evaluate("(url) => { asyncchat.connection.url = url; asyncchat.connection.retry(); }", url)
    sees(page, "line 2349")
    assert loaded(page)[1] == 2349
    expect(page.locator("#latest")).to_be_hidden()
    timeline = page.locator("#timeline")
    first = page.locator(".message", has_text="line 0000")
    while not first.count():
        timeline.evaluate("node => { node.scrollTop = node.scrollTop > 0 ? 0 : 1 }")
        loaded(page)


def test_who_reads_far_back_keeps_as_much_and_comes_back_by_scrolling(server, visits):
    iris = server.irc("iris")
    says(iris, 0, KEPT + 400)
    page = visits.join(server.port, "anna")
    sees(page, f"line {KEPT + 399:04}")
    timeline = page.locator("#timeline")
    first = page.locator(".message", has_text="line 0000")
    while not first.count():
        timeline.evaluate("node => { node.scrollTop = node.scrollTop > 0 ? 0 : 1 }")
        assert page.evaluate("asyncchat.chat.current.messages.length") <= KEPT + 100
    assert loaded(page)[1] < KEPT + 399
    says(iris, KEPT + 400, KEPT + 410)
    expect(page.locator("#latest")).to_have_text("10 new")
    scroll_to_end(page, KEPT + 409)
    assert page.evaluate("asyncchat.chat.current.messages.length") <= KEPT + 100


def test_history_that_can_t_be_read_says_why_and_is_asked_for_again(server, visits):
    iris = server.irc("iris")
    says(iris, 0, 350)
    page = visits.join(server.port, "anna")
    sees(page, "line 0349")
    find(page, "line 0060")
    page.evaluate("""() => {
      asyncchat.connection.usual = asyncchat.connection.ask;
      asyncchat.connection.ask = () => Promise.reject(new Error("the history can't be read"));
    }""")
    why = page.locator("#timeline").get_by_text("the history can't be read")
    while not why.count():
        page.locator("#timeline").evaluate(
            "node => { node.scrollTop = node.scrollTop ? node.scrollHeight : 1 }"
        )
    page.evaluate("() => { asyncchat.connection.ask = asyncchat.connection.usual; }")
    page.get_by_role("button", name="Try again").click()
    expect(why).to_have_count(0)
    scroll_to_end(page, 349)


def test_reactions_to_what_is_not_loaded_are_there_when_it_is(server, visits):
    iris = server.connect()
    iris.send(
        "CAP REQ :message-tags echo-message\r\nNICK iris\r\nUSER u 0 * :x\r\nCAP END\r\nJOIN #lobby\r\n"
    )
    iris.until(" 366 ")
    iris.send("PRIVMSG #lobby :line 0000\r\n")
    id_ = iris.until("line 0000\r\n").rsplit("msgid=", 1)[1].split(" ")[0].split(";")[0]
    says(iris, 1, 300)
    for reaction, tag in (("🎉", "react"), ("👀", "react"), ("👀", "unreact")):
        iris.send(f"@+draft/reply={id_};+draft/{tag}={reaction} TAGMSG #lobby\r\n")
    says(iris, 300, 301)
    page = visits.join(server.port, "anna")
    sees(page, "line 0300")
    find(page, "line 0000")
    page.get_by_role("button", name="Newest").click()
    sees(page, "line 0300")
    timeline = page.locator("#timeline")
    first = page.locator(".message", has_text="line 0000")
    while not first.count():
        timeline.evaluate("node => { node.scrollTop = node.scrollTop > 0 ? 0 : 1 }")
    expect(first.locator(".reaction")).to_have_text(["🎉 1"])


def test_a_reaction_that_is_erased_is_gone(server, visits):
    page = visits.join(server.port, "anna")
    iris = server.connect()
    iris.send("CAP REQ :message-tags echo-message draft/message-redaction\r\nNICK iris\r\nUSER u 0 * :x\r\n")
    iris.send("CAP END\r\nJOIN #lobby\r\nPRIVMSG #lobby :here\r\n")
    message = iris.until("here\r\n").rsplit("msgid=", 1)[1].split(" ")[0].split(";")[0]
    ids = []
    for reaction in ("well done", "no"):
        iris.send(
            f"@+draft/reply={message};+draft/react={reaction.replace(' ', chr(92) + 's')} TAGMSG #lobby\r\n"
        )
        ids.append(iris.until(" TAGMSG ").rsplit("msgid=", 1)[1].split(" ")[0].split(";")[0])
    reactions = page.locator(".message", has_text="here").locator(".reaction")
    expect(reactions).to_have_text(["well done 1", "no 1"])
    iris.send(f"REDACT #lobby {ids[0]}\r\n")
    expect(reactions).to_have_text(["no 1"])


def test_the_first_unread_message_is_marked_and_one_click_away(server, visits):
    page = visits.join(server.port, "anna")
    iris = server.irc("iris")
    says(iris, 0, 5)
    sees(page, "line 0004")
    page.evaluate("asyncchat.chat.open('#tea')")
    page.get_by_role("heading", name="#tea").wait_for()
    says(iris, 5, 200)
    page.get_by_role("button", name="#lobby, 195 unread").click()
    sees(page, "line 0199")
    page.get_by_role("button", name="New since").click()
    expect(page.locator(".new + .message")).to_contain_text("line 0005")
    expect(page.locator(".new + .message")).to_be_in_viewport()
    expect(page.get_by_role("button", name="New since")).to_be_hidden()
    page.get_by_role("button", name="Newest").click()
    say(page, "read")
    sees(page, "read")
    # Whoever closes the page and opens it again reads on at the same place: its own leave does not hide it.
    address = page.url
    page.goto("about:blank")
    iris.until(" QUIT ")
    says(iris, 200, 260)
    page.goto(address)
    sees(page, "line 0259")
    page.get_by_role("button", name="New since").click()
    expect(page.locator(".new ~ .message").first).to_contain_text("line 0200")
    expect(page.locator(".message", has_text="line 0200")).to_be_in_viewport()


MODES = re.compile("voice|half-operator")


def test_modes_told_in_one_line_are_shown_once_after_a_break(server, visits):
    iris = server.irc("iris")
    iris.send("JOIN #den\r\n")
    for name in ("bob", "carl"):
        member = server.irc(name)
        member.send("JOIN #den\r\nPING done\r\n")
        member.until("done")
    page = visits.join(server.port, "anna", "/#den")
    iris.send("MODE #den +vv carl bob\r\nMODE #den +h carl\r\nMODE #den +h bob\r\nPRIVMSG #den :before\r\n")
    sees(page, "before")
    told = page.locator(".event", has_text=MODES).all_inner_texts()
    page.evaluate("dispatchEvent(new Event('offline'))")
    page.get_by_text("Not connected:").wait_for()
    iris.send("MODE #den -vv carl bob\r\nPRIVMSG #den :after\r\n")
    page.evaluate("asyncchat.connection.retry()")
    sees(page, "after")
    told.append("iris took the voice of carl; took the voice of bob")
    assert page.locator(".event", has_text=MODES).all_inner_texts() == told
