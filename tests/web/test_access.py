"""The page without a mouse, and for screen readers."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.web.conftest import say, sees

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing(server, visits, scheme, options):
    server.person("bob").send("hello anna, see https://example.org and `code`\n")
    page = visits.open(server.port, color_scheme=scheme, **options)
    assert violations(page) == []
    page.get_by_label("Your name").fill("anna")
    page.keyboard.press("Enter")
    sees(page, "hello anna")
    say(page, "hi\nthere")
    sees(page, "there")
    assert violations(page) == []
    say(page, "# plan\n- one\n1. two\n> three\n```py\nif x: return 'a', 1 # b\n```")
    message = sees(page, "three")
    say(page, "/who")
    page.locator(".answer").wait_for()
    assert violations(page) == []
    for name in ("Room settings", "Search"):
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_role("dialog").wait_for()
        assert violations(page) == []
        page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("b")
    page.get_by_role("option").first.wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    message.click(button="right")
    page.get_by_role("menu").wait_for()
    assert violations(page) == []


def test_a_message_that_changes_keeps_the_focus(server, visits):
    page = visits.join(server.port, "anna")
    say(page, "hello")
    sees(page, "hello").focus()
    page.keyboard.press("e")
    page.get_by_label("Find an emoji").press("Enter")
    page.locator(".reaction").wait_for()
    expect(sees(page, "hello")).to_be_focused()


def test_all_of_it_by_keyboard(server, visits):
    bob = server.person("bob")
    page = visits.open(server.port)
    keys = page.keyboard
    keys.type("anna")
    keys.press("Enter")
    page.wait_for_selector("#app[data-joined=true]")
    keys.type("hello")
    keys.press("Shift+Enter")
    keys.type("two lines")
    keys.press("Enter")
    sees(page, "hello")
    bob.send("anna: welcome\n")
    sees(page, "welcome")
    # Up through the messages, answer the last, and back to writing.
    page.locator("#timeline").focus()
    keys.press("ArrowUp")
    assert "welcome" in page.evaluate("document.activeElement.innerText")
    keys.press("r")
    keys.type("thank you")
    keys.press("Enter")
    sees(page, "thank you").locator(".quote", has_text="welcome").wait_for()
    # Another room by the finder, back by the arrows.
    keys.press("Control+k")
    page.get_by_role("dialog").wait_for()
    keys.type("tea")
    keys.press("Enter")  # there is no such room yet: nothing is made unasked
    page.get_by_role("option", name="Make the room #tea").wait_for()
    keys.press("ArrowDown")
    keys.press("Enter")
    page.get_by_role("heading", name="#tea").wait_for()
    keys.press("Alt+ArrowUp")
    page.get_by_role("heading", name="#lobby").wait_for()
    # A menu opens, is walked and closed, and the focus comes back.
    page.locator(".person", has_text="bob").focus()
    keys.press("Enter")
    assert page.get_by_role("menuitem", name="Profile").evaluate("node => node === document.activeElement")
    keys.press("ArrowDown")
    assert page.get_by_role("menuitem", name="Write privately").evaluate(
        "node => node === document.activeElement"
    )
    keys.press("Escape")
    assert "bob" in page.evaluate("document.activeElement.innerText")


def test_what_is_said_is_read_out(server, visits):
    page = visits.join(server.port, "anna")
    server.person("bob").send("listen\n")
    sees(page, "listen")
    assert page.locator("#reader").inner_text() == "bob: listen"


@pytest.mark.parametrize("options", [{"color_scheme": "light"}, {"color_scheme": "dark", **PHONE}], ids=str)
def test_axe_finds_nothing_in_settings_search_and_jumps(server, visits, options):
    bob = server.person("bob")
    page = visits.join(server.port, "anna", **options)
    page.evaluate("asyncchat.connection.ask('REGISTER', ['*', '*', 'tea at five'])")
    page.evaluate(
        "asyncchat.connection.identity.password = 'tea at five'; document.querySelector('.me button').click()"
    )
    page.get_by_text("Devices that are signed in").wait_for()
    expect(page.get_by_label("Stay in my rooms while no device is connected")).to_be_enabled()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.evaluate("asyncchat.chat.open('#tea')")
    for number in range(40):
        bob.send(f"line {number}\n")
    page.wait_for_function("() => asyncchat.chat.find('#lobby').unread === 40")
    page.evaluate("asyncchat.chat.open('#lobby')")
    page.get_by_role("button", name="New since").wait_for()
    page.evaluate("document.getElementById('timeline').scrollTop = 300")
    page.locator("#latest").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Search").click()
    page.get_by_role("searchbox").fill("line")
    page.keyboard.press("Enter")
    page.locator(".found mark").first.wait_for()
    assert violations(page) == []
