"""Pinned messages on the page: the menu, the bar, the list."""

import pytest
from playwright.sync_api import expect

from tests.web.conftest import say, sees


def menu(page, message):
    message.hover()
    message.get_by_role("button", name="More", exact=True).click()


def bar(page):
    return page.locator("#pins button")


@pytest.fixture
def den(server, visits):
    """The operator of a room and a member, who have said something."""
    anna, ben = visits.join(server.port, "anna", "/#den"), visits.join(server.port, "ben", "/#den")
    say(ben, "tea is at four")
    say(anna, "the door's code is on the board")
    for page in (anna, ben):
        sees(page, "tea is at four")
        sees(page, "the door's code is on the board")
    return anna, ben


def test_an_operator_pins_from_the_menu_and_all_see_the_bar(den):
    anna, ben = den
    for page in den:
        expect(page.locator("#pins")).to_be_hidden()
    menu(ben, sees(ben, "tea is at four"))
    expect(ben.get_by_role("menuitem", name="Reply")).to_be_visible()
    expect(ben.get_by_role("menuitem", name="Pin")).to_have_count(0)
    ben.keyboard.press("Escape")
    menu(anna, sees(anna, "tea is at four"))
    anna.get_by_role("menuitem", name="Pin", exact=True).click()
    for page in den:
        expect(bar(page)).to_have_text("bentea is at four1")
        page.locator(".event", has_text="anna pinned a message of ben").wait_for()
        expect(bar(page)).to_have_accessible_name(
            "Pinned messages: 1. The newest one, by ben: tea is at four"
        )
    menu(anna, sees(anna, "tea is at four"))
    anna.get_by_role("menuitem", name="Unpin").click()
    for page in den:
        expect(page.locator("#pins")).to_be_hidden()


def test_the_list_by_keyboard_leads_to_the_message_after_a_reload(server, den):
    anna, ben = den
    say(anna, "/pin ben")
    expect(bar(ben)).to_contain_text("tea is at four")
    iris = server.irc("iris")
    iris.send("JOIN #den\r\n" + "".join(f"PRIVMSG #den :line {n}\r\n" for n in range(12)) + "PING done\r\n")
    iris.until("done")
    say(anna, "/pin anna")
    expect(bar(ben)).to_have_text("annathe door's code is on the board2")
    ben.reload()
    ben.wait_for_selector("#app[data-joined=true]")
    expect(bar(ben)).to_have_text("annathe door's code is on the board2")
    bar(ben).focus()
    ben.keyboard.press("Enter")
    dialog = ben.get_by_role("dialog", name="Pinned in #den")
    shown = dialog.locator("li .text")
    expect(shown).to_have_text(["the door's code is on the board", "tea is at four"])
    expect(dialog.get_by_role("button", name="Unpin")).to_have_count(0)
    dialog.locator("button", has_text="tea is at four").press("Enter")
    expect(ben.locator(".message", has_text="tea is at four")).to_be_focused()


def test_an_operator_unpins_in_the_list(den):
    anna, ben = den
    say(anna, "/pin ben")
    say(anna, "/pin anna")
    expect(bar(ben)).to_contain_text("2")
    say(anna, "/pins")
    dialog = anna.get_by_role("dialog", name="Pinned in #den")
    dialog.get_by_role("button", name="Unpin anna: the door's code is on the board").click()
    expect(dialog.locator("li")).to_have_count(1)
    expect(bar(ben)).to_have_text("bentea is at four1")
    dialog.get_by_role("button", name="Unpin ben").click()
    dialog.get_by_text("No message is pinned.").wait_for()


def test_a_deleted_message_leaves_the_bar(den):
    anna, ben = den
    say(anna, "/pin ben")
    expect(bar(anna)).to_contain_text("tea is at four")
    menu(ben, sees(ben, "tea is at four"))
    ben.get_by_role("menuitem", name="Delete…").click()
    ben.get_by_role("button", name="Delete", exact=True).click()
    for page in den:
        expect(page.locator("#pins")).to_be_hidden()


def test_a_long_pin_breaks_nothing_on_a_phone(server, visits):
    page = visits.join(server.port, "anna", "/#den", viewport={"width": 390, "height": 844})
    say(page, "word " * 60)
    sees(page, "word word")
    say(page, "/pin anna")
    expect(bar(page)).to_contain_text("word word")
    assert bar(page).bounding_box()["height"] < 50
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
