"""An account from the page: made, signed in to on another device, with the same unread marks."""

from playwright.sync_api import expect

from tests.client_programs import waits_for
from tests.server.harness import CODE, PATIENCE
from tests.web.conftest import say, sees, texts


def make_account(page, words):
    page.get_by_role("button", name="anna").first.click()
    page.get_by_role("button", name="Create an account to keep this name").click()
    expect(page.get_by_label("Password for anna")).to_be_focused()  # or a space would close the dialog
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    page.get_by_text("signed in as anna").wait_for()
    return with_token(page)


def with_token(page):
    """A page that is signed in, once it has the token by which its device stays so."""
    is_kept = "Boolean(JSON.parse(localStorage.asyncchat ?? '{}').login)"
    assert waits_for(lambda: page.evaluate(is_kept), PATIENCE)
    return page


def sign_in(visits, server, words, path="/#lobby"):
    page = visits.open(server.port, path)
    page.get_by_role("button", name="Sign in with an account").click()
    page.get_by_label("Your name").fill("anna")
    page.get_by_label("Password of your account").fill(words)
    page.keyboard.press("Enter")
    return page


def test_two_devices_of_an_account_are_one_person(server, visits):
    laptop = visits.join(server.port, "anna")
    make_account(laptop, "tea at five")
    phone = sign_in(visits, server, "tea at five")
    phone.wait_for_selector("#app[data-joined=true]")
    assert server.people() == ["anna"]
    say(laptop, "from the laptop")
    sees(phone, "from the laptop")
    say(phone, "from the phone")
    for page in (laptop, phone):
        sees(page, "from the phone")
        assert texts(page) == ["from the laptop", "from the phone"]


def test_another_device_of_an_operator_knows_it(server, visits):
    laptop = visits.join(server.port, "anna")
    make_account(laptop, "tea at five")
    say(laptop, f"/owner {CODE}")
    laptop.locator(".answer", has_text="You are now the owner").wait_for()
    phone = sign_in(visits, server, "tea at five")
    phone.wait_for_selector("#app[data-joined=true]")
    ben = visits.join(server.port, "ben")
    say(ben, "tea is at four")
    sees(phone, "tea is at four").hover()
    phone.get_by_role("button", name="More", exact=True).click()
    phone.get_by_role("menuitem", name="Pin", exact=True).wait_for()


def test_what_is_read_on_one_device_is_read_on_the_other(server, visits):
    laptop = visits.join(server.port, "anna", "/#tea")
    make_account(laptop, "tea at five")
    laptop.keyboard.press("Control+k")
    laptop.get_by_role("combobox").fill("#den")
    laptop.keyboard.press("ArrowDown")  # makes the room
    laptop.keyboard.press("Enter")
    laptop.get_by_role("heading", name="#den").wait_for()
    bob = server.irc("bob")
    bob.send("JOIN #tea\r\nPRIVMSG #tea :is it ready?\r\n")
    laptop.get_by_role("button", name="#tea, 1 unread").wait_for()
    phone = sign_in(visits, server, "tea at five", "/#den")  # what the laptop has not read is not read
    phone.get_by_role("button", name="#tea, 1 unread").wait_for()
    bob.send("PRIVMSG #tea :it is\r\n")
    for page in (laptop, phone):
        page.get_by_role("button", name="#tea, 2 unread").wait_for()
    laptop.get_by_role("button", name="#tea, 2 unread").click()
    sees(laptop, "it is")
    phone.get_by_role("button", name="#tea", exact=True).wait_for()


def test_a_wrong_password_and_a_reserved_name_are_said_at_the_form(server, visits):
    laptop = visits.join(server.port, "anna")
    make_account(laptop, "tea at five")
    laptop.close()
    stranger = visits.open(server.port)
    stranger.get_by_label("Your name").fill("anna")
    stranger.keyboard.press("Enter")
    stranger.get_by_role("alert").wait_for()
    stranger.get_by_label("Password of your account").fill("coffee")
    stranger.get_by_role("button", name="Sign in", exact=True).click()
    expect(stranger.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    stranger.get_by_label("Password of your account").fill("tea at five")
    stranger.keyboard.press("Enter")
    stranger.wait_for_selector("#app[data-joined=true]")
