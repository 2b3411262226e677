"""Editing on the page: by the arrow key, in the menu, the earlier texts, and who may."""

from playwright.sync_api import expect

from tests.web.conftest import say, sees


def test_the_last_message_is_edited_by_the_arrow_key(server, visits):
    anna, ben = visits.join(server.port, "anna"), visits.join(server.port, "ben")
    say(anna, "tee is at four")
    sees(anna, "tee is at four")
    sees(ben, "tee is at four")
    field = anna.locator("#composer textarea")
    field.press("ArrowUp")
    expect(field).to_have_value("tee is at four")
    expect(anna.get_by_text("Editing your message")).to_be_visible()
    field.press("Escape")
    expect(field).to_have_value("")
    field.press("ArrowUp")
    say(anna, "tea is at four\nand cake")
    for page in (anna, ben):
        message = sees(page, "tea is at four")
        expect(message.locator(".edited")).to_be_visible()
        expect(message).to_contain_text("and cake")
        expect(page.locator("#timeline .message")).to_have_count(1)
    expect(field).to_have_value("")
    ben.reload()
    ben.wait_for_selector("#app[data-joined=true]")
    sees(ben, "tea is at four").locator(".edited").click()
    dialog = ben.get_by_role("dialog", name="Texts of a message by anna")
    expect(dialog.locator("li")).to_have_count(2)
    expect(dialog.locator("li").first).to_contain_text("tee is at four")
    ben.keyboard.press("Escape")
    message = sees(ben, "tea is at four")
    message.hover()
    message.get_by_role("button", name="More", exact=True).click()
    expect(ben.get_by_role("menuitem", name="Edit")).to_have_count(0)


def test_an_older_one_is_edited_from_its_menu_on_a_phone(server, visits):
    page = visits.join(server.port, "anna", viewport={"width": 390, "height": 844})
    say(page, "one")
    say(page, "two")
    message = sees(page, "one")
    message.hover()
    message.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("menuitem", name="Edit", exact=True).click()
    say(page, "first")
    sees(page, "first").locator(".edited").wait_for()
    sees(page, "two")
    # What is not taken can be tried again.
    page.evaluate(
        "() => { asyncchat.chat.edit = () => Promise.reject(new Error('It was said too long ago.')); }"
    )
    field = page.locator("#composer textarea")
    field.press("ArrowUp")
    say(page, "second")
    page.get_by_text("It was said too long ago.").wait_for()
    expect(field).to_have_value("second")
    expect(page.get_by_text("Editing your message")).to_be_visible()
