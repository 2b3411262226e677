"""Invitations on the page: a moderator makes a link, and whoever opens it is in."""

import re

from playwright.sync_api import expect

from tests.web.conftest import say, sees

PHONE = {"width": 390, "height": 844}


def test_a_link_lets_a_guest_on_a_phone_in(server, visits):
    anna = visits.join(server.port, "anna", "/#class")
    say(anna, "/mode +i")
    anna.get_by_role("button", name="Room settings").click()
    anna.get_by_role("button", name="Invite people…").click()
    dialog = anna.get_by_role("dialog", name="Invite people to #class")
    dialog.get_by_label("For how many people").select_option("1")
    dialog.get_by_role("button", name="Make a link").click()
    dialog.get_by_role("img", name="QR code of the link").wait_for()
    link = dialog.get_by_role("textbox", name="Link").input_value()
    assert re.fullmatch(rf"http://127\.0\.0\.1:{server.port}/#class\?invite=[-0-9A-Z]{{14}}", link)
    expect(dialog.locator(".listed")).to_have_count(1)
    path = link.partition(str(server.port))[2]
    ben = visits.join(server.port, "ben", path, viewport=PHONE)
    assert ben.url.endswith("/#class"), "the code leaves the address"
    anna.keyboard.press("Escape")
    say(ben, "hello")
    sees(anna, "hello")
    ben.reload()
    ben.wait_for_selector("#app[data-joined=true]")
    zoe = visits.open(server.port, path)
    zoe.get_by_label("Your name").fill("zoe")
    zoe.get_by_role("button", name="Join", exact=True).click()
    zoe.get_by_text("the invitation code has let in as many people as it may").first.wait_for()
    anna.get_by_role("button", name="Room settings").click()
    anna.get_by_role("button", name="Invite people…").click()
    dialog.get_by_role("button", name="Revoke 1").click()
    dialog.get_by_text("revoked").wait_for()


def test_members_without_the_right_see_no_button(server, visits):
    visits.join(server.port, "anna", "/#class")
    ben = visits.join(server.port, "ben", "/#class")
    ben.get_by_role("button", name="Room settings").click()
    ben.get_by_role("dialog", name="#class").wait_for()
    expect(ben.get_by_role("button", name="Invite people…")).to_have_count(0)
