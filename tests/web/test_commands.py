"""Slash commands in the page: those of all surfaces, answered in sentences in the timeline."""

import re

from playwright.sync_api import expect

from tests.server.harness import CODE
from tests.web.conftest import say, sees


def answered(page, typed):
    """What a command is answered, shown last in the timeline."""
    before = page.locator(".answer").count()
    say(page, typed)
    expect(page.locator(".answer")).to_have_count(before + 1)
    answer = page.locator(".answer").last
    answer.get_by_text("only you see this").wait_for()
    return answer.locator(".text").inner_text()


def test_commands_are_answered_in_sentences_and_by_no_toast(server, visits):
    page = visits.join(server.port, "anna", "/#den")
    bob = server.irc("bob")
    bob.send("JOIN #den\r\n")
    bob.until(" 366 ")
    assert answered(page, "/who") == "In #den (2): anna (operator), bob"
    assert answered(page, "/topic") == "#den has no topic."
    assert answered(page, "/away at lunch") == "You are away: at lunch"
    assert answered(page, "/back") == "You are back."
    assert answered(page, "/rule")[:21] == "The rules of #den, op"
    assert answered(page, "/mute") == "Nobody is muted in #den."
    assert answered(page, "/kick carl") == "carl is not in #den."
    assert answered(page, "/invite") == "You are invited to no room."
    assert answered(page, "/kick") == "Usage: /kick NAME [REASON]"
    assert answered(page, "/kik bob").startswith("There is no /kik. Did you mean /kick?")
    assert answered(page, "/stay on").startswith("Not done: ")
    assert answered(page, f"/owner {CODE}").startswith("You are ")
    assert page.locator(".answer code").last.inner_text() == "/owner …"
    assert "/kick NAME [REASON] — Removes a person from the room (operators)." in answered(page, "/help")
    for answer in page.locator(".answer .text").all_inner_texts():
        assert not re.search(r"\b[2-9]\d\d\b|#den :", answer)
    say(page, "/rule +i")
    page.locator(".event", has_text="anna changed a rule: only invited people may join").wait_for()
    say(page, "/mute bob 90m")
    page.locator(".event", has_text="anna muted bob").wait_for()
    say(page, "/op bob")
    page.locator(".event", has_text="anna made bob an operator").wait_for()
    say(page, "/kick bob too loud")
    bob.until("KICK #den bob :too loud")
    page.locator(".event", has_text="was removed by anna").wait_for()
    say(page, "/msg bob psst")
    page.get_by_role("heading", name="bob").wait_for()
    bob.until(":psst")
    say(page, "/me waves")
    bob.until("ACTION waves")
    say(page, "/join #tea")
    page.get_by_role("heading", name="#tea").wait_for()
    say(page, "/part")
    expect(page.get_by_role("button", name="#tea")).to_have_count(0)
    assert page.locator(".toast").count() == 0
    page.get_by_role("button", name="bob").first.click()
    page.get_by_role("heading", name="bob").wait_for()
    for typed in ("/rule", "/rule +m", "/invitecode", "/invitecode 5", "/pins", "/kick bob"):
        assert answered(page, typed) == "That is done in a room, and bob is none; /rooms lists them.", typed
    say(page, "exit")
    page.get_by_label("Your name").wait_for()


def test_who_logs_in_by_a_command_stays_signed_in(server, visits):
    page = visits.join(server.port, "anna")
    assert answered(page, "/register tea at five") == "anna is now your account, and the name is yours."
    page.wait_for_function("() => asyncchat.connection.identity.token")
    page.reload()
    page.get_by_text("signed in as anna").wait_for()


def test_refusals_of_menus_are_sentences_too(server, visits):
    iris = server.irc("iris")
    iris.send("JOIN #den\r\nMODE #den +m\r\n")
    iris.until(" +m")
    page = visits.join(server.port, "anna", "/#den")
    iris.send("MODE #den -m\r\nMODE #den +b m:anna!*@*\r\nPRIVMSG #den :listen\r\n")
    sees(page, "listen")
    say(page, "may I?")
    failed = page.locator(".message.failed .error")
    failed.wait_for()
    assert failed.inner_text().startswith("Not sent to #den: you are muted")
    page.get_by_text("You may not speak here: you are muted").wait_for()
