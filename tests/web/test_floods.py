"""The page under floods: much at once, and names and texts made to break it. What grows is counted."""

import pytest
from playwright.sync_api import expect

from tests.server.harness import serving
from tests.web.conftest import say, sees

COUNT_PATTERNS = """() => {
  globalThis.counted = 0;
  const own = RegExp.prototype.exec;
  RegExp.prototype.exec = function (text) { counted += 1; return own.call(this, text); };
}"""

COUNT_MARKERS = """() => {
  globalThis.counted = 0;
  const own = WebSocket.prototype.send;
  WebSocket.prototype.send = function (line) { counted += line.includes("MARKREAD"); own.call(this, line); };
}"""

ROWS = 240
KEPT = 3000


@pytest.fixture
def server():
    with serving(limits=False) as running:
        yield running


def flood(client, room, count, text="line"):
    client.send("".join(f"PRIVMSG {room} :{text} {number}\r\n" for number in range(count)) + "PING done\r\n")
    client.until("done")


def test_a_burst_in_another_room_is_looked_at_once(server, visits):
    page = visits.join(server.port, "anna")
    iris = server.irc("iris")
    page.evaluate("asyncchat.chat.open('#tea')")
    page.get_by_role("heading", name="#tea").wait_for()
    page.evaluate(COUNT_PATTERNS)
    flood(iris, "#lobby", KEPT + 500, "anna")
    said = KEPT + 500
    page.get_by_role("button", name=f"#lobby, {said} unread, {said} mentioning you").wait_for()
    expect(page.locator(".room .badge.called")).to_have_text("99+")
    assert page.evaluate("counted") < 100 * KEPT
    assert page.evaluate("asyncchat.chat.find('#lobby').messages.length") == KEPT
    assert page.evaluate("asyncchat.chat.find('#lobby').byId.size") <= KEPT


def test_a_room_that_is_looked_at_does_not_grow_without_end(server, visits):
    page = visits.join(server.port, "anna")
    iris = server.irc("iris")
    page.evaluate(COUNT_MARKERS)
    flood(iris, "#lobby", KEPT + 500)
    sees(page, f"line {KEPT + 499}")
    assert page.locator("#timeline > *").count() <= ROWS + 10
    assert page.evaluate("asyncchat.chat.current.messages.length") == KEPT
    assert page.evaluate("counted") < KEPT / 10
    # Someone reads a little above the end, and then all that came.
    timeline = page.locator("#timeline")
    timeline.evaluate("node => { node.scrollTop -= 300 }")
    expect(page.locator("#latest")).to_be_visible()
    shown = page.evaluate("""() => {
      const top = document.getElementById("timeline").getBoundingClientRect().top;
      const messages = [...document.querySelectorAll(".message")];
      return messages.find((one) => one.getBoundingClientRect().top > top).dataset.id;
    }""")
    flood(iris, "#lobby", 1000, "more")
    expect(page.locator("#timeline")).not_to_contain_text("more 999")
    assert page.locator("#timeline > *").count() <= ROWS + 10
    expect(page.locator(f'[data-id="{shown}"]')).to_be_in_viewport()
    page.locator("#latest").click()
    expect(sees(page, "more 999")).to_be_in_viewport()


def test_who_reads_the_beginning_stays_there_while_much_is_said(server, visits):
    iris = server.irc("iris")
    flood(iris, "#lobby", 150, "old")
    page = visits.join(server.port, "anna")
    sees(page, "old 149")
    timeline = page.locator("#timeline")
    while not page.evaluate("asyncchat.chat.current.atStart"):
        timeline.evaluate("node => { node.scrollTop = node.scrollTop > 0 ? 0 : 1 }")
    timeline.evaluate("node => { node.scrollTop = 0 }")
    expect(page.locator(".message", has_text="old 5").first).to_be_in_viewport()
    flood(iris, "#lobby", 2 * KEPT + 500)
    page.wait_for_selector(f"#reader:has-text('iris: line {2 * KEPT + 499}')", state="attached")
    expect(page.locator(".message", has_text="old 5").first).to_be_in_viewport()
    assert page.evaluate("asyncchat.chat.current.messages.length") <= KEPT
    page.locator("#latest").click()
    expect(sees(page, f"line {2 * KEPT + 499}")).to_be_in_viewport()


def test_hundreds_of_reactions_are_a_few_buttons(server, visits):
    page = visits.join(server.port, "anna")
    say(page, "react to this")
    message = sees(page, "react to this")
    id_ = message.get_attribute("data-id")
    for guest in range(6):  # the server takes ten of each, and 50 in all
        iris = server.connect()
        iris.send(f"CAP REQ :message-tags\r\nNICK iris{guest}\r\nUSER u 0 * :x\r\nCAP END\r\nJOIN #lobby\r\n")
        iris.until(" 366 ")
        for number in range(100):
            iris.send(f"@+draft/reply={id_};+draft/react={'👍' * 14}{guest}-{number} TAGMSG #lobby\r\n")
        iris.send("PING told\r\n")
        iris.until(" PONG ")
    flood(iris, "#lobby", 1, "the end")
    sees(page, "the end 0")
    message = sees(page, "react to this")
    expect(message.locator(".reaction")).to_have_count(24)
    expect(message.get_by_text("+26", exact=True)).to_be_visible()
    assert message.bounding_box()["height"] < 500


def test_hundreds_come_and_go(server, visits):
    page = visits.join(server.port, "anna")
    crowd = [server.connect() for _ in range(300)]
    for number, client in enumerate(crowd):
        client.send(f"NICK m{number}\r\nUSER u 0 * :x\r\nJOIN #lobby\r\n")
    expect(page.locator("#people h2")).to_have_text("301 people")
    assert page.locator(".person").count() < 60
    for client in crowd:
        client.close()
    expect(page.locator("#people h2")).to_have_text("1 person")
    assert page.locator(".event").count() < 5
    for event in page.locator(".event").all():
        assert event.bounding_box()["height"] < 100


def test_two_thousand_rooms_are_found_by_a_part_of_their_name(server, visits):
    page = visits.join(server.port, "anna")
    clients = [server.irc(f"iris{number}") for number in range(20)]
    for number, client in enumerate(clients):
        client.send("".join(f"JOIN #room-{number}-{one}\r\n" for one in range(99)) + "PING done\r\n")
    for client in clients:
        client.until("done")
    server.irc("iris").send("JOIN #needle\r\n")
    page.get_by_role("button", name="Find or create a room").click()
    page.get_by_text("There are more: type a part of the name.").wait_for()
    assert page.get_by_role("option").count() == 50
    page.get_by_role("combobox").fill("needl")
    page.get_by_role("option", name="needle 1 person", exact=False).click()
    page.get_by_role("heading", name="#needle").wait_for()


def test_a_message_changes_one_of_two_thousand_conversations(server, visits):
    page = visits.join(server.port, "anna")
    iris = server.irc("iris")
    page.evaluate("() => { for (let one = 0; one < 2000; one += 1) asyncchat.chat.room(`person${one}`) }")
    expect(page.locator("#sidebar .room")).to_have_count(2001)
    page.evaluate("""() => {
      globalThis.counted = 0;
      const rooms = document.querySelector("#sidebar .rooms");
      new MutationObserver((changes) => { for (const one of changes) counted += one.addedNodes.length; })
        .observe(rooms, { childList: true, subtree: true });
    }""")
    iris.send("PRIVMSG anna :are you there?\r\n")
    page.get_by_role("button", name="iris, 1 unread").wait_for()
    assert page.evaluate("counted") < 10


TALL = {
    "wide letters": "\ufdfd" * 2500,
    "line separators": "a\u2028" * 1200,
    "blocks of code": "```a```" * 700,
    "one word": "w" * 7000,
}


def test_tall_texts_are_folded(server, visits):
    page = visits.join(server.port, "anna")
    iris = server.connect()
    iris.send(
        "CAP REQ :batch draft/multiline message-tags\r\n"
        "NICK iris\r\nUSER u 0 * :x\r\nCAP END\r\nJOIN #lobby\r\n"
    )
    iris.until(" 366 ")
    for number, text in enumerate(TALL.values()):
        pieces = [text[at : at + 120] for at in range(0, len(text), 120)]
        lines = "".join(
            f"@batch=b;draft/multiline-concat PRIVMSG #lobby :{piece}\r\n" for piece in pieces[1:]
        )
        start = f"BATCH +b draft/multiline #lobby\r\n@batch=b PRIVMSG #lobby :{pieces[0]}\r\n"
        iris.send(f"{start}{lines}BATCH -b\r\nPRIVMSG #lobby :end {number}\r\n")
        sees(page, f"end {number}")
    expect(page.locator(".message")).to_have_count(2 * len(TALL))
    for message in page.locator(".message").all():
        assert message.bounding_box()["height"] < 700
    assert page.evaluate("document.getElementById('timeline').scrollWidth <= innerWidth")


NAMES = [
    "\u202egnp.exe",
    "z" + "\u0301" * 30,
    "\ufdfd" * 20,
    "عنوان-עברית",
    "W" * 60,
    "<b>bold</b>",
    "x\u200d\u0301" * 20,
]


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["desktop", "phone"])
def test_rooms_and_topics_of_all_kinds_keep_the_layout(server, visits, size):
    page = visits.join(server.port, "anna", viewport={"width": size[0], "height": size[1]})
    iris = server.irc("iris")
    made = []
    for name in NAMES:
        iris.send(f"JOIN #{name}\r\nTOPIC #{name} :{name * 2}\r\nPRIVMSG #{name} :hello\r\nPING settled\r\n")
        if f" 366 iris #{name}" in iris.until("PONG"):
            made.append(f"#{name}")
    assert made
    for name in made:
        page.evaluate("(name) => asyncchat.chat.open(name)", name)
        sees(page, "hello")
        assert "\u202e" not in page.locator("#head").inner_text()
        assert page.locator("#head").bounding_box()["height"] < 75
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for room in page.locator("#sidebar .room").all():
        assert room.bounding_box()["height"] < 50
    page.evaluate("(name) => asyncchat.chat.open(name)", made[0])
    iris.send(f"PRIVMSG {made[0]} :soon\r\nPART {made[0]} :{'bye ' * 60}\r\n")
    assert page.locator(".event", has_text="bye bye").bounding_box()["height"] < 200
