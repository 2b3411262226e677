"""Two people in two browsers, one in irssi, one at nc: one room, one order, and what each can see of it."""

from playwright.sync_api import expect

from tests.server.harness import CODE
from tests.test_real_clients import Terminal, needs_irssi
from tests.web.conftest import say, sees, texts


@needs_irssi
def test_two_browsers_irssi_and_nc(server, visits, tmp_path):
    nick = server.person("nick")
    arguments = (f"--home={tmp_path}", "-c", "127.0.0.1", "-p", str(server.port), "-n", "iris")
    with Terminal("irssi", *arguments, home=tmp_path) as irssi:
        irssi.until("Mode")
        irssi.type("/join #lobby")
        nick.until("iris is online\n")
        anna, ben = visits.join(server.port, "anna"), visits.join(server.port, "ben")
        say(anna, "from a browser")
        irssi.until("from a browser")
        irssi.type("from irssi")
        sees(ben, "from irssi")
        nick.send("from nc\n")
        sees(ben, "from nc").hover()
        said = ["from a browser", "from irssi", "from nc"]
        for page in (anna, ben):
            sees(page, "from nc")
            assert texts(page) == said
        answered = ben.locator(".message", has_text="from nc")
        answered.get_by_role("button", name="Reply").click()
        ben.keyboard.type("an answer")
        ben.keyboard.press("Enter")
        irssi.until("an answer")
        nick.until("an answer")
        sees(anna, "an answer").locator(".quote", has_text="from nc").wait_for()
        irssi.type(f"/oper owner {CODE}")
        irssi.type("/topic tea at five")
        nick.until("tea at five")
        for page in (anna, ben):
            expect(page.locator("#head .topic")).to_have_text("tea at five")
        # What is taken back is gone in the browsers, and said to the others.
        mine = sees(anna, "from a browser")
        mine.hover()
        mine.get_by_role("button", name="More").click()
        anna.get_by_role("menuitem", name="Delete…").click()
        anna.get_by_role("button", name="Delete", exact=True).click()
        nick.until("erased 1 message")
        expect(ben.get_by_text("from a browser")).to_have_count(0)
