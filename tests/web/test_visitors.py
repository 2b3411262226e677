"""The page before one chooses a name: public rooms, read live."""

from playwright.sync_api import expect

from tests.server.harness import serving
from tests.web.conftest import sees, texts


def test_a_visitor_reads_on_and_finds_other_public_rooms(server, visits):
    iris = server.irc("iris")
    iris.send("JOIN #tea\r\nTOPIC #tea :two sugars\r\nPRIVMSG #tea :from the tea room\r\n")
    iris.send("JOIN #den\r\nMODE #den +s\r\nPRIVMSG #lobby :before\r\nPING done\r\n")
    iris.until("done")
    page = visits.open(server.port, "/#lobby")
    sees(page, "before")
    page.get_by_label("Your name").fill("ann")
    iris.send("PRIVMSG #lobby :live\r\n")
    sees(page, "live")
    assert texts(page) == ["before", "live"]
    expect(page.locator("#sidebar .room")).to_have_count(2)
    expect(page.get_by_role("heading", name="Private")).to_be_hidden()
    expect(page.get_by_label("Your name")).to_have_value("ann")  # what is typed stays
    page.get_by_role("button", name="#tea").click()
    page.get_by_role("heading", name="#tea").wait_for()
    page.get_by_text("two sugars").wait_for()
    sees(page, "from the tea room")
    iris.send("PRIVMSG #lobby :elsewhere\r\nPRIVMSG #tea :live here\r\n")
    sees(page, "live here")
    assert texts(page) == ["from the tea room", "live here"]
    page.get_by_label("Your name").fill("anna")
    page.keyboard.press("Enter")
    page.wait_for_selector("#app[data-joined=true]")
    sees(page, "live here")
    iris.send("PRIVMSG #tea :welcome\r\n")
    sees(page, "welcome")
    assert texts(page) == ["from the tea room", "live here", "welcome"]
    assert server.people() == ["anna", "iris"]


def test_what_is_deleted_is_gone_for_visitors(visits):
    with serving(limits=False) as server:
        iris = server.connect()
        iris.send("CAP REQ :message-tags echo-message draft/message-redaction\r\n")
        iris.send("NICK iris\r\nUSER u 0 * :x\r\nCAP END\r\nJOIN #lobby\r\n")
        iris.until(" 366 ")
        page = visits.open(server.port, "/#lobby")
        iris.send("PRIVMSG #lobby :my password is 1234\r\n")
        id_ = iris.until("1234\r\n").rsplit("msgid=", 1)[1].split(" ")[0].split(";")[0]
        sees(page, "1234")
        iris.send(f"REDACT #lobby {id_}\r\n")
        page.get_by_text("This message was deleted").wait_for()
        assert page.get_by_text("1234").count() == 0
