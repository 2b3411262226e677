"""The message field: long texts, the focus, phones."""

import pytest
from playwright.sync_api import expect

from tests.server.harness import serving
from tests.web.conftest import say, sees, texts

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def focused(page):
    return page.evaluate("document.activeElement.localName")


@pytest.fixture
def server():
    with serving(limits=False) as running:
        yield running


def test_a_paste_is_one_message_and_one_that_is_too_long_is_counted_first(server, visits):
    page, ben = visits.join(server.port, "anna"), visits.join(server.port, "ben")
    lines = [f"line {number} of the log" for number in range(130)]
    page.locator("#composer textarea").focus()
    page.keyboard.insert_text("\n".join(lines))
    page.keyboard.press("Enter")
    sees(ben, "line 0 of")
    assert [text.split("\n") for text in texts(ben)] == [lines]
    long = [f"{number}: {'x' * 40}" for number in range(400)]
    say(page, "\n".join(long))
    dialog = page.get_by_role("dialog", name="A long text")
    dialog.get_by_text("This text has 400 lines, 18,", exact=False).wait_for()
    assert page.locator(".message").count() == 1
    dialog.get_by_role("button", name="Send as a file").wait_for()
    dialog.get_by_role("button", name="Change it first").click()
    assert page.locator("#composer textarea").input_value() == "\n".join(long)
    page.locator("#composer textarea").press("Enter")
    dialog.get_by_role("button", name="Send as 3 messages, each a block of code").click()
    sees(ben, "399: ")
    blocks = ben.locator(".message pre").all_inner_texts()
    assert len(blocks) == 3
    assert "\n".join(blocks).split("\n") == long
    assert page.locator("#composer textarea").input_value() == ""


def test_what_is_typed_anywhere_goes_into_the_field(server, visits):
    page = visits.join(server.port, "anna")
    server.person("bob").send("ready?\n")
    message = sees(page, "ready?")
    message.click()
    page.keyboard.type("really ready")
    assert page.locator("#composer textarea").input_value() == "really ready"
    page.get_by_role("button", name="People", exact=True).click()
    page.keyboard.type("!")
    assert page.locator("#composer textarea").input_value() == "really ready!"
    page.locator("#timeline").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("r")
    page.get_by_text("Replying to bob").wait_for()
    page.keyboard.press("Control+k")
    page.keyboard.type("x")
    assert page.locator("#composer textarea").input_value() == "really ready!"


def test_a_phone_keeps_its_keyboard_and_says_what_is_unread(server, visits):
    iris = server.irc("iris")
    iris.send("JOIN #tea\r\n")
    page = visits.join(server.port, "anna", "/#tea", **PHONE)
    page.goto(page.url.replace("#tea", "#lobby"))
    page.get_by_role("heading", name="#lobby").wait_for()
    field = page.locator("#composer textarea")
    field.tap()
    page.keyboard.insert_text("on my way")
    page.get_by_role("button", name="Send", exact=True).tap()
    sees(page, "on my way")
    assert focused(page) == "textarea"
    iris.send("PRIVMSG #tea :anna: one\r\nPRIVMSG #tea :two\r\n")
    menu = page.get_by_role("button", name="Rooms, 2 unread, 1 for you")
    expect(menu.locator(".badge")).to_have_text("1")
    menu.tap()
    page.get_by_role("button", name="#tea, 2 unread, 1 mentioning you").tap()
    rooms = page.get_by_role("button", name="Rooms", exact=True)
    rooms.tap()
    page.locator(".me button").tap()
    page.get_by_role("dialog").get_by_role("button", name="Close").tap()
    rooms.tap()  # the list does not cover the room any more


def test_no_toast_is_over_a_message(server, visits):
    page = visits.join(server.port, "anna")
    for number in range(30):
        say(page, f"line {number}")
    last = sees(page, "line 29")
    server.irc("iris").send("JOIN #tea\r\nINVITE anna #tea\r\n")
    toast = page.locator(".toast", has_text="iris invites you to #tea")
    toast.wait_for()
    page.wait_for_function("""() => {
      const box = (selector) => [...document.querySelectorAll(selector)].at(-1).getBoundingClientRect();
      return box(".message").bottom <= box(".toast").top && box(".toast").bottom <= box(".write").top;
    }""")
    expect(last).to_be_in_viewport()
