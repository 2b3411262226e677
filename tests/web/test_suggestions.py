"""What the message field offers while one types, by keyboard and by touch; the picker of emoji."""

from playwright.sync_api import expect

from tests.web.conftest import say, sees
from tests.web.test_access import violations

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def options(page):
    return page.get_by_role("option")


def test_people_rooms_emoji_and_commands_by_keyboard(server, visits):
    server.irc("annegret").send("JOIN #den\r\n")
    server.irc("anselm").send("JOIN #den\r\n")
    page = visits.join(server.port, "anna", "/#den")
    page.locator(".person").nth(2).wait_for()
    field, keys = page.locator("#composer textarea"), page.keyboard
    field.focus()
    keys.type("@an")
    expect(options(page)).to_have_text(["Aannegret", "Aanselm"])
    expect(field).to_have_attribute("aria-activedescendant", "suggestion-0")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(field).to_have_value("@anselm ")
    keys.type("is in #de")
    keys.press("Tab")
    expect(field).to_have_value("@anselm is in #den ")
    keys.type(":tad")
    expect(options(page).first).to_contain_text(":tada:")
    keys.press("Enter")
    keys.type(" :no such")
    expect(options(page)).to_have_count(0)
    field.fill("")
    keys.type("see :tada:")
    expect(field).to_have_value("see 🎉")
    keys.type(" #den")
    expect(options(page)).to_have_count(1)
    keys.press("Enter")  # written in full: it is sent
    sees(page, "see 🎉 #den")
    keys.type("/invitec")
    expect(options(page).first).to_contain_text("Makes a code that lets 30 people")
    keys.press("Escape")
    expect(options(page)).to_have_count(0)
    expect(field).to_have_value("/invitec")
    field.fill("")
    keys.type("/invite")
    expect(options(page)).to_have_count(3)
    keys.press("Enter")  # the others are longer
    expect(field).to_have_value("")


def test_names_complete_by_touch_and_the_picker_is_on_the_screen(server, visits):
    server.irc("annegret")
    page = visits.join(server.port, "anna", **PHONE)
    field = page.locator("#composer textarea")
    field.tap()
    page.keyboard.type("hi @anne")
    options(page).first.wait_for()
    assert violations(page) == []
    options(page).first.tap()
    expect(field).to_have_value("hi @annegret ")
    expect(field).to_be_focused()
    page.get_by_role("button", name="Emoji", exact=True).tap()
    picker = page.get_by_role("dialog", name="Emoji")
    box = picker.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 844
    assert violations(page) == []
    page.get_by_label("Find an emoji").fill("hedgehog")
    picker.get_by_role("button", name="🦔").tap()
    expect(field).to_have_value("hi @annegret 🦔")
    field.press("Enter")
    message = sees(page, "hi @annegret")
    message.tap()
    message.get_by_role("button", name="Add a reaction").tap()
    page.get_by_label("Find an emoji").fill("flag norway")
    picker.get_by_role("button", name="🇳🇴").tap()
    page.get_by_role("button", name="🇳🇴: anna").wait_for()
    say(page, "bye")
