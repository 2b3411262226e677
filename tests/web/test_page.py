"""The page in a real browser, with people at other clients in the same room."""

import re

import pytest
from playwright.sync_api import expect

from asyncchat.log.base import SearchResult
from asyncchat.log.memory import MemoryLog
from tests.server.harness import serving
from tests.web.conftest import say, sees, texts


def test_two_browsers_irc_and_nc_see_the_same_in_one_order(server, visits):
    anna = visits.join(server.port, "anna")
    ben = visits.join(server.port, "ben")
    iris = server.irc("iris")
    nick = server.person("nick")
    say(anna, "from anna")
    sees(ben, "from anna")
    iris.send("PRIVMSG #lobby :from iris\r\n")
    sees(anna, "from iris")
    nick.send("from nick\n")
    sees(anna, "from nick")
    say(ben, "from ben")
    said = ["from anna", "from iris", "from nick", "from ben"]
    for page in (anna, ben):
        sees(page, "from ben")
        assert texts(page) == said
    assert "from anna" in iris.until("from ben")
    assert "from iris" in nick.until("from ben")


def test_a_link_opens_its_room(server, visits):
    page = visits.join(server.port, "anna", "/#tea")
    assert page.locator("#head h1").inner_text() == "#tea"
    assert page.title() == "#tea"
    say(page, "is it ready?")
    sees(page, "is it ready?")


def test_what_was_said_before_is_read_by_scrolling(visits):
    with serving(limits=False) as server:
        iris = server.irc("iris")
        for number in range(400):
            iris.send(f"PRIVMSG #lobby :line {number}\r\n")
        iris.send("PING done\r\n")
        iris.until("done")
        page = visits.join(server.port, "anna")
        sees(page, "line 399")
        timeline = page.locator("#timeline")
        first = timeline.locator(".message .text").first
        while (shown := first.inner_text()) != "line 0":
            timeline.evaluate("node => { node.scrollTop = 0 }")
            expect(first).not_to_have_text(shown)
        messages = page.evaluate("asyncchat.chat.current.messages.map(m => [m.kind, m.text])")
        known = [text for kind, text in messages if kind == "message"]
        assert known == [f"line {number}" for number in range(400)]
        assert timeline.locator(".message").count() < 300


HOSTILE = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "javascript:document.title='owned'",
    "[x](javascript:document.title='owned')",
    "\x1b[31mred\x1b[0m \x1b]0;owned\x07",
    "\u202ereversed\u202c and \u2066isolated\u2069",
    "e" + "\u0301" * 150,
    "&lt;b&gt; &#x3c;script&#x3e;",
    "https://example.org/\"onmouseover=\"document.title='owned'",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_others_type_stays_text(server, visits, text):
    page = visits.join(server.port, "anna")
    title = page.title()
    iris = server.irc("iris")
    iris.send(f"PRIVMSG #lobby :{text}\r\nTOPIC #lobby :{text}\r\nPRIVMSG #lobby :the end\r\nPING done\r\n")
    iris.until("done")
    sees(page, "the end")
    assert page.title().removeprefix("• ") == title
    assert (
        page.locator("#timeline script, #timeline img, #timeline [onerror], #timeline [onmouseover]").count()
        == 0
    )
    for link in page.locator("#timeline .text a").all():
        assert link.get_attribute("href").startswith(("http:", "https:", "#"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for message in page.locator("#timeline .message").all():
        assert message.bounding_box()["height"] < 400


def test_what_is_written_while_the_network_is_gone_is_said_afterwards(server, visits):
    page = visits.join(server.port, "anna")
    iris = server.irc("iris")
    iris.send("PRIVMSG #lobby :before\r\n")
    sees(page, "before")
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    page.get_by_text("Not connected:").wait_for()
    say(page, "from the train")
    for number in range(30):
        iris.send(f"PRIVMSG #lobby :missed {number}\r\n")
    iris.send("PING done\r\n")
    iris.until("done")
    page.context.set_offline(False)
    page.evaluate("dispatchEvent(new Event('online'))")
    sees(page, "from the train")
    iris.until("from the train")
    assert texts(page) == ["before", *(f"missed {number}" for number in range(30)), "from the train"]


def test_a_visitor_reads_before_choosing_a_name(server, visits):
    server.person("bob").send("come in\n")
    server.irc("iris").send("JOIN #den\r\nMODE #den +s\r\nPRIVMSG #den :among us\r\n")
    page = visits.open(server.port, "/#lobby")
    sees(page, "come in")
    assert server.people() == ["bob", "iris"]
    page.get_by_label("Your name").fill("anna")
    page.keyboard.press("Enter")
    page.wait_for_selector("#app[data-joined=true]")
    say(page, "thank you")
    sees(page, "thank you")
    assert texts(page) == ["come in", "thank you"]
    secret = visits.open(server.port, "/#den")
    secret.get_by_label("Your name").wait_for()
    assert secret.get_by_text("among us").count() == 0


def test_a_search_shows_the_message_in_its_place(server, visits):
    page = visits.join(server.port, "anna")
    for text in ("the needle", *(f"hay {number}" for number in range(30))):
        say(page, text)
    sees(page, "hay 29")
    page.get_by_role("button", name="Search").click()
    page.keyboard.type("needle")
    page.keyboard.press("Enter")
    page.locator(".found", has_text="the needle").wait_for()
    for key in ("ArrowDown", "ArrowUp", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".message", has_text="the needle")).to_be_focused()
    expect(page.locator(".message", has_text="the needle")).to_be_in_viewport()


def test_a_search_is_narrowed_to_a_sender_and_days_and_shows_more(visits):
    with serving(limits=False) as server:
        iris, bob = server.irc("iris"), server.irc("bob")
        for number in range(60):  # each at a time of its own
            iris.send(f"PRIVMSG #lobby :tea {number}\r\nPING done{number}\r\n")
            iris.until(f"done{number}")
        bob.send("PRIVMSG #lobby :TEA for two\r\nPING done\r\n")
        bob.until("done")
        page = visits.join(server.port, "anna")
        sees(page, "TEA for two")
        page.get_by_role("button", name="Search").click()
        page.keyboard.type("tea")
        page.keyboard.press("Enter")
        found = page.locator(".found")
        expect(found).to_have_count(50)
        expect(found.first.locator("mark")).to_have_text("TEA")
        page.get_by_role("button", name="Show more").click()
        expect(found).to_have_count(61)
        page.get_by_label("From").fill("bob")
        page.keyboard.press("Enter")
        expect(found).to_have_count(1)
        page.get_by_role("searchbox").fill("")
        page.keyboard.press("Enter")
        expect(found.locator(".text")).to_have_text(["TEA for two"])
        page.get_by_label("Until").fill("2020-01-01")
        page.get_by_role("button", name="Search", exact=True).last.click()
        page.get_by_text("Nothing found.").wait_for()
        page.get_by_role("button", name="Search all my rooms").click()
        expect(page.get_by_label("in all my rooms")).to_be_checked()
        page.get_by_label("Until").fill("")
        page.get_by_label("Since").fill("2020-01-01")
        page.get_by_role("button", name="Search", exact=True).last.click()
        expect(found).to_have_count(1)
        page.get_by_label("in all my rooms").uncheck()  # and searches at once
        expect(found).to_contain_text("TEA for two")
        expect(found.locator("time")).not_to_contain_text("#lobby")


class ShortSightedLog(MemoryLog):
    """Its first search has looked at the newest message only: the index is being made."""

    shorts = 1

    async def search(self, query):
        if self.shorts:
            self.shorts -= 1
            return SearchResult((), query.upto, self.last_time, indexing=True)
        return await super().search(query)


def test_a_search_that_could_not_look_everywhere_says_so_and_goes_on(visits):
    with serving(ShortSightedLog()) as server:
        page = visits.join(server.port, "anna")
        say(page, "the needle")
        sees(page, "the needle")
        page.get_by_role("button", name="Search").click()
        page.keyboard.type("needle")
        page.keyboard.press("Enter")
        page.get_by_text("Looked back to").wait_for()
        assert "; the search's index is being made." in page.get_by_text("Looked back to").inner_text()
        assert page.get_by_text("Nothing found.").count() == 0
        page.get_by_role("button", name="Look further back").click()
        page.locator(".found", has_text="the needle").wait_for()
        assert page.get_by_role("button", name="Look further back").count() == 0


NICKS = [
    "\u202egnp.exe",
    "x<b>y",
    "a\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301b",
    "Ж" * 30,
    "عنوان",
]


def test_names_of_all_kinds_break_nothing(visits):
    with serving(limits=False) as server:
        page = visits.join(server.port, "anna")
        took: list[str] = []
        for nick in NICKS:
            client = server.connect()
            client.send(f"NICK {nick}\r\nUSER u 0 * :x\r\nJOIN #lobby\r\n")
            client.send(f"PRIVMSG #lobby :by {len(took)}\r\nPING done\r\n")
            if " 001 " in client.until("done"):
                took.append(nick)
                sees(page, f"by {len(took) - 1}")
        assert took
        for name in page.locator(".message .nick, .person .name").all():
            assert "\u202e" not in name.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_paste_of_a_hundred_lines_and_a_long_text_are_folded(visits):
    with serving(limits=False) as server:
        page, ben = visits.join(server.port, "anna"), visits.join(server.port, "ben")
        lines = [f"line {number} of the paste" for number in range(100)]
        say(page, "\n".join(lines))
        message = sees(ben, "line 0 of the paste")
        assert message.bounding_box()["height"] < 600
        message.get_by_role("button", name="Show all").click()
        assert message.locator(".text").inner_text().split("\n") == lines
        say(page, "word " * 1600)
        assert sees(ben, "word word").bounding_box()["height"] < 600


def test_comings_and_goings_do_not_hide_what_was_said(visits):
    with serving(limits=False) as server:
        server.person("bob").send("find me\n")
        iris = server.irc("iris")
        for _ in range(150):
            iris.send("PART #lobby\r\nJOIN #lobby\r\n")
        iris.send("PING done\r\n")
        iris.until("done")
        page = visits.join(server.port, "anna")
        sees(page, "find me")
        assert page.locator(".event", has_text="iris").count() == 1


def test_reactions_and_comings_do_not_end_the_history(visits):
    with serving(limits=False) as server:
        iris = server.irc("iris")
        iris.send("CAP REQ :message-tags echo-message\r\n")
        iris.until("ACK")
        for number in range(60):
            iris.send(f"PRIVMSG #lobby :old {number}\r\n")
        iris.until("old 59\r\n")
        iris.send("PRIVMSG #lobby :react to this\r\n")
        line = iris.until("react to this\r\n")
        id_ = re.findall(r"msgid=([^; ]+)", line)[-1]
        for number in range(150):
            iris.send(f"@+draft/reply={id_};+draft/react={number} TAGMSG #lobby\r\n")
            iris.send("PART #lobby\r\nJOIN #lobby\r\n")
        for number in range(60):
            iris.send(f"PRIVMSG #lobby :new {number}\r\n")
        iris.send("PING done\r\n")
        iris.until("done")
        page = visits.join(server.port, "anna")
        sees(page, "new 59")
        timeline = page.locator("#timeline")
        while not page.evaluate("asyncchat.chat.current.atStart"):
            timeline.evaluate("node => { node.scrollTop = node.scrollTop > 0 ? 0 : 1 }")
        messages = page.evaluate("asyncchat.chat.current.messages.map(m => [m.kind, m.text])")
        said = [text for kind, text in messages if kind == "message"]
        assert said == [
            *(f"old {number}" for number in range(60)),
            "react to this",
            *(f"new {number}" for number in range(60)),
        ]
        comings = [text for kind, text in messages if kind == "event"]
        assert len(comings) in (301, 302)  # each once; her own coming is told live or read
