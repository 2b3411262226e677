"""The page's view for operators of the server: people, bans, the audit, limits."""

import pytest
from playwright.sync_api import expect

from tests.server.harness import CODE
from tests.web.test_access import PHONE, violations

SHIELD = "People, bans and audit of this server"


def become_operator(page):
    page.evaluate("(code) => asyncchat.connection.ask('OPER', ['owner', code])", CODE)
    expect(page.get_by_role("button", name=SHIELD, include_hidden=True)).to_have_count(1)


def open_view(page):
    page.get_by_role("button", name=SHIELD).click()
    return page.get_by_role("dialog", name="This server")


def row(view, text):
    return view.get_by_role("listitem").filter(has_text=text)


def choose(page, view, name, action):
    view.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=action).click()


@pytest.fixture
def anna(server, visits):
    page = visits.join(server.port, "anna")
    become_operator(page)
    return page


def test_it_is_for_operators_while_they_are_it(server, visits):
    page = visits.join(server.port, "anna")
    expect(page.get_by_role("button", name="guest")).to_be_visible()
    expect(page.get_by_role("button", name=SHIELD)).to_have_count(0)
    become_operator(page)
    view = open_view(page)
    expect(row(view, "anna")).to_contain_text("operator")
    page.evaluate("asyncchat.connection.ask('MODE', ['anna', '-o'])")
    expect(page.get_by_role("button", name=SHIELD, include_hidden=True)).to_have_count(0)
    view.get_by_role("tab", name="Bans").click()
    expect(view).to_contain_text("Only operators of this server may do this.")


def test_by_keyboard_somebody_is_disconnected(server, anna):
    bob = server.person("bob")
    anna.get_by_role("button", name=SHIELD).focus()
    anna.keyboard.press("Enter")
    view = anna.get_by_role("dialog", name="This server")
    row(view, "bob").wait_for()
    anna.keyboard.press("ArrowRight")
    expect(view.get_by_role("tab", name="Bans")).to_be_focused()
    expect(view).to_contain_text("Nobody is banned from the server.")
    anna.keyboard.press("ArrowLeft")
    actions = view.get_by_role("button", name="Actions for bob")
    actions.focus()
    anna.keyboard.press("Enter")
    anna.get_by_role("menuitem", name="Disconnect…").press("Enter")
    anna.keyboard.type("tea is over")
    anna.keyboard.press("Enter")
    bob.until("tea is over")
    expect(view.get_by_role("status")).to_have_text("bob was disconnected.")
    expect(row(view, "bob")).to_have_count(0)
    expect(view.get_by_role("searchbox")).to_be_focused()


def test_a_question_that_is_closed_does_nothing(server, anna):
    server.person("bob")
    view = open_view(anna)
    choose(anna, view, "bob", "Ban from the server…")
    question = anna.get_by_role("dialog", name="Ban bob from the server")
    question.wait_for()
    anna.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(view.get_by_role("button", name="Actions for bob")).to_be_focused()
    assert server.people() == ["anna", "bob"]


def test_a_ban_and_its_end_are_in_the_audit(server, anna):
    bob = server.person("bob")
    view = open_view(anna)
    choose(anna, view, "bob", "Ban from the server…")
    question = anna.get_by_role("dialog", name="Ban bob from the server")
    question.get_by_label("Reason").fill("spam")
    question.get_by_role("button", name="Ban", exact=True).click()
    bob.until("spam")
    view.get_by_role("tab", name="Bans").click()
    expect(row(view, "bob!*@*")).to_contain_text("spam")
    view.get_by_role("button", name="Lift the ban of bob!*@*").click()
    anna.get_by_role("dialog", name="Lift a ban").get_by_role("button", name="Lift the ban").click()
    expect(view).to_contain_text("Nobody is banned from the server.")
    view.get_by_role("button", name="Ban…").click()
    typed = anna.get_by_role("dialog", name="Ban from the server")
    typed.get_by_label("A name, user@host").fill("*")
    typed.get_by_role("button", name="Ban", exact=True).click()
    expect(typed.get_by_role("alert")).to_contain_text("would ban everybody")
    anna.keyboard.press("Escape")
    view.get_by_role("tab", name="Audit").click()
    expect(row(view, "lifted the ban of bob!*@*")).to_be_visible()
    view.get_by_role("searchbox").fill("became")
    expect(view.get_by_role("listitem")).to_have_count(1)
    expect(row(view, "anna!web@localhost (127.0.0.1) became the server's owner")).to_be_visible()


def test_from_a_name_in_the_chat_to_its_messages_and_rooms(server, anna):
    bob = server.irc("bob")
    bob.send("PRIVMSG #lobby :buy this\r\n")
    anna.locator(".message", has_text="buy this").locator(".nick").click()
    anna.get_by_role("menuitem", name="On this server…").click()
    view = anna.get_by_role("dialog", name="This server")
    expect(view.get_by_role("listitem")).to_have_count(1)
    expect(row(view, "bob")).to_contain_text("127.0.0.1 · IRC")
    choose(anna, view, "bob", "Erase messages…")
    anna.get_by_role("button", name="Erase", exact=True).click()
    expect(view.get_by_role("status")).to_have_text("1 message of bob was erased.")
    expect(anna.locator(".message", has_text="buy this")).to_have_count(0)
    choose(anna, view, "bob", "Kick from a room…")
    anna.get_by_role("button", name="Kick", exact=True).click()
    expect(view.get_by_role("status")).to_have_text("bob was removed from #lobby.")
    bob.until("KICK #lobby bob")


@pytest.mark.parametrize("options", [{"color_scheme": "light"}, {"color_scheme": "dark", **PHONE}], ids=str)
def test_axe_finds_nothing(server, visits, options):
    page = visits.join(server.port, "anna", **options)
    become_operator(page)
    page.evaluate("(name) => document.querySelector(`[aria-label='${name}']`).click()", SHIELD)
    view = page.get_by_role("dialog", name="This server")
    for tab, text in (("People", "anna"), ("Audit", "became"), ("Limits", "somebody")):
        view.get_by_role("tab", name=tab).click()
        row(view, text).first.wait_for()
        assert violations(page) == []
    view.get_by_role("tab", name="Bans").click()
    view.get_by_role("button", name="Ban…").click()
    page.get_by_role("dialog", name="Ban from the server").wait_for()
    assert violations(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
