"""What the page does with messages and people: reactions, replies, deletion, moderation, private talk."""

from playwright.sync_api import expect

from tests.server.harness import CODE, serving
from tests.web.conftest import say, sees


def tool(page, message, name):
    message.hover()
    message.get_by_role("button", name=name, exact=True).click()


def test_a_reaction_is_seen_by_all_and_taken_back(server, visits):
    anna, ben = visits.join(server.port, "anna"), visits.join(server.port, "ben")
    say(anna, "tea is ready")
    tool(ben, sees(ben, "tea is ready"), "Add a reaction")
    ben.locator(".picker").get_by_role("button", name="🎉").first.click()
    for page in (anna, ben):
        page.get_by_role("button", name="🎉: ben").wait_for()
    ben.get_by_role("button", name="🎉: ben").click()
    for page in (anna, ben):
        expect(page.locator(".reaction")).to_have_count(0)
    # Who hides somebody's messages is shown no reactions either, nor that they are writing.
    anna.evaluate("asyncchat.chat.ignored.add('ben')")
    tool(ben, sees(ben, "tea is ready"), "Add a reaction")
    ben.locator(".picker").get_by_role("button", name="🎉").first.click()
    ben.get_by_role("button", name="🎉: ben").wait_for()
    ben.locator("#composer textarea").press_sequentially("hm")
    say(anna, "later")
    sees(anna, "later")
    expect(anna.locator(".reaction")).to_have_count(0)
    expect(anna.locator("#typing")).to_be_empty()


def test_a_reply_shows_what_it_answers(server, visits):
    anna, ben = visits.join(server.port, "anna"), visits.join(server.port, "ben")
    say(anna, "who brings cake?")
    tool(ben, sees(ben, "who brings cake?"), "Reply")
    ben.keyboard.type("I do")
    ben.keyboard.press("Enter")
    sees(anna, "I do").locator(".quote", has_text="who brings cake?").wait_for()
    # Who comes later reads it in the same way.
    carol = visits.join(server.port, "carol")
    sees(carol, "I do").locator(".quote", has_text="who brings cake?").wait_for()


def test_what_the_server_passes_not_on_is_not_offered(visits):
    """IRCv3 message-tags, "RPL_ISUPPORT Tokens": CLIENTTAGDENY."""
    with serving(client_tag_deny=("*", "-draft/reply")) as server:
        ben, iris = visits.join(server.port, "ben"), server.irc("iris")
        iris.send("PRIVMSG #lobby :tea is ready\r\n")
        message = sees(ben, "tea is ready")
        message.hover()
        expect(message.get_by_role("button", name="Reply")).to_be_visible()
        expect(message.get_by_role("button", name="Add a reaction")).to_be_hidden()
        message.get_by_role("button", name="More").click()
        expect(ben.get_by_role("menuitem", name="Reply")).to_be_visible()
        expect(ben.get_by_role("menuitem", name="React…")).to_have_count(0)
        passes = "['+typing', '+draft/react', '+draft/reply'].map((tag) => asyncchat.connection.passes(tag))"
        assert ben.evaluate(passes) == [False, False, True]


def test_a_member_is_put_out_from_the_menu(server, visits):
    anna = visits.join(server.port, "anna", "/#den")
    ben = visits.join(server.port, "ben", "/#den")
    anna.locator(".person", has_text="ben").click()
    anna.get_by_role("menuitem", name="Kick…").click()
    anna.get_by_label("Reason").fill("asleep")
    anna.keyboard.press("Enter")
    ben.get_by_text("anna removed you: asleep").wait_for()
    ben.get_by_role("button", name="Join").click()
    ben.wait_for_selector("#app[data-joined=true]")


def test_private_talk(server, visits):
    anna, ben = visits.join(server.port, "anna"), visits.join(server.port, "ben")
    anna.locator(".person", has_text="ben").click()
    anna.get_by_role("menuitem", name="Write privately").click()
    anna.get_by_role("heading", name="ben").wait_for()
    say(anna, "just for you")
    ben.get_by_role("button", name="anna, 1 unread").click()
    sees(ben, "just for you")
    say(ben, "thanks")
    sees(anna, "thanks")


def test_the_topic_and_the_count_of_unread(server, visits):
    anna = visits.join(server.port, "anna", "/#den")
    iris = server.irc("iris")
    iris.send("JOIN #den\r\n")
    iris.until(" 366 ")
    anna.locator("#head .topic").click()
    anna.get_by_role("textbox", name="Topic").fill("where we rest")
    anna.keyboard.press("Enter")
    iris.until("where we rest")
    anna.get_by_role("dialog").wait_for(state="hidden")
    anna.keyboard.press("Control+k")
    anna.get_by_role("combobox").fill("#tea")
    anna.keyboard.press("ArrowDown")  # makes the room
    anna.keyboard.press("Enter")
    anna.get_by_role("heading", name="#tea").wait_for()
    iris.send("PRIVMSG #den :hello\r\nPRIVMSG #den :anna: are you there?\r\n")
    anna.get_by_role("button", name="#den, 2 unread, 1 mentioning you").wait_for()
    assert anna.title().startswith("(1)")


def test_a_taken_name_is_said_at_the_form(server, visits):
    server.person("anna")
    page = visits.open(server.port)
    page.get_by_label("Your name").fill("anna")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    page.get_by_label("Your name").fill("anna2")
    page.keyboard.press("Enter")
    page.wait_for_selector("#app[data-joined=true]")


def test_a_deleted_message_is_gone_for_all(server, visits):
    anna, ben = visits.join(server.port, "anna"), visits.join(server.port, "ben")
    say(anna, "my password is 1234")
    message = sees(anna, "my password is 1234")
    sees(ben, "my password is 1234")
    tool(anna, message, "More")
    anna.get_by_role("menuitem", name="Delete…").click()
    anna.get_by_role("button", name="Delete", exact=True).click()
    for page in (anna, ben):
        page.get_by_text("This message was deleted").wait_for()
        assert page.get_by_text("1234").count() == 0


def menu_of(page, text):
    tool(page, sees(page, text), "More")
    entries = page.get_by_role("menuitem").all_inner_texts()
    page.keyboard.press("Escape")
    return entries


def test_the_menu_of_a_message_shows_what_the_server_allows(server, visits):
    anna = visits.join(server.port, "anna", "/#den")  # its operator
    ben = visits.join(server.port, "ben", "/#den")
    say(anna, "from anna")
    say(ben, "from ben")
    assert {"Delete…", "Pin"} <= set(menu_of(anna, "from ben"))
    assert not {"Delete…", "Pin"} & set(menu_of(ben, "from anna"))
    assert "Delete…" in menu_of(ben, "from ben")
    # The key for deleting does no more than the menu.
    sees(ben, "from anna").focus()
    ben.keyboard.press("Delete")
    expect(ben.get_by_role("dialog")).to_have_count(0)
    # What a guest said under another name is nobody's.
    ben.evaluate("asyncchat.connection.ask('NICK', ['benno'])")
    ben.locator(".event", has_text="is now called benno").wait_for()
    assert "Delete…" not in menu_of(ben, "from ben")
    # Half-operators pin, but do not delete; they kick nobody above them.
    anna.evaluate("asyncchat.connection.ask('MODE', ['#den', '+h', 'benno'])")
    ben.locator(".event", has_text="a half-operator").wait_for()
    entries = menu_of(ben, "from anna")
    assert "Pin" in entries
    assert "Delete…" not in entries
    ben.locator(".person", has_text="anna").click()
    ben.get_by_role("menuitem", name="Mute", exact=True).wait_for()
    assert not {"Kick…", "Ban…", "Give voice"} & set(ben.get_by_role("menuitem").all_inner_texts())


def test_the_settings_of_a_room_show_its_rules(server, visits):
    anna = visits.join(server.port, "anna", "/#den")
    ben = visits.join(server.port, "ben", "/#den")
    for page in (anna, ben):
        page.get_by_role("button", name="Room settings").click()
    expect(anna.get_by_label("Only half-operators and higher may set the topic")).to_be_checked()
    expect(anna.get_by_role("button", name="Set topic")).to_be_visible()
    expect(ben.get_by_role("button", name="Set topic")).to_be_hidden()


def menu_of_ben(page):
    page.locator(".person", has_text="ben").click()
    page.get_by_role("menuitem", name="Profile").wait_for()
    entries = page.get_by_role("menuitem").all_inner_texts()
    page.keyboard.press("Escape")
    return entries


def test_an_operator_of_the_server_has_the_menus_of_an_operator_in_every_room(server, visits):
    ben = visits.join(server.port, "ben", "/#den")
    anna = visits.join(server.port, "anna", "/#den")
    say(ben, "tea is at four")
    message = sees(anna, "tea is at four")
    assert "Kick…" not in menu_of_ben(anna)
    say(anna, f"/owner {CODE}")
    anna.locator(".answer", has_text="You are now the owner").wait_for()
    assert {"Kick…", "Ban…", "Mute", "Remove operator"} <= set(menu_of_ben(anna))
    anna.evaluate("asyncchat.connection.ask('MODE', ['#den', '+b', 't:1h:m:ben!*@*'])")
    assert "Mute" not in menu_of_ben(anna)
    anna.locator(".person", has_text="ben").click()
    anna.get_by_role("menuitem", name="Unmute").click()
    anna.locator(".event", has_text="unmuted ben").wait_for()
    tool(anna, message, "More")
    anna.get_by_role("menuitem", name="Pin", exact=True).click()
    ben.locator(".event", has_text="anna pinned a message of ben").wait_for()
    # The COMMANDS of the page put a room before the modes: a raw line takes the role back.
    anna.evaluate("asyncchat.connection.ask('MODE', ['anna', '-o'])")
    assert "Kick…" not in menu_of_ben(anna)


def test_the_reactions_open_beside_their_message(server, visits):
    page = visits.join(server.port, "anna", viewport={"width": 390, "height": 844})
    for number in range(12):
        say(page, f"line {number}")
    message = sees(page, "line 11")
    tool(page, message, "Add a reaction")
    picker, box = page.locator(".picker").bounding_box(), message.bounding_box()
    assert 0 <= picker["x"] <= 390 - picker["width"]
    assert box["y"] - picker["height"] - 60 < picker["y"] < box["y"] + 60


def test_the_message_field_says_why_one_may_not_speak(server, visits):
    anna, ben = visits.join(server.port, "anna", "/#den"), visits.join(server.port, "ben", "/#den")
    note = ben.locator("#composer [role=status]")
    expect(note).to_be_hidden()
    say(anna, "/mode +m")
    expect(note).to_have_text("You may not speak here: only members with a role may speak.")
    say(anna, "/mode +v ben")
    expect(note).to_be_hidden()
    say(anna, "/mode -v ben")
    expect(note).to_be_visible()
    carol = visits.join(server.port, "carol", "/#den")
    expect(carol.locator("#composer [role=status]")).to_be_visible()
    say(anna, "/mode -m")
    expect(note).to_be_hidden()
    say(anna, "/mute ben 30m")
    anna.get_by_text("muted ben").wait_for()
    say(ben, "may I?")
    expect(note).to_have_text("You may not speak here: you are muted.")
    say(anna, "/unmute ben")
    expect(note).to_be_hidden()
    say(ben, "thanks")
    sees(anna, "thanks")


def test_the_time_beside_a_message_is_not_on_its_text(server, visits):
    """Where the clock has twelve hours the time is longer."""
    for options in ({}, {"viewport": {"width": 390, "height": 760}}):
        name = f"anna{len(options)}"
        page = visits.join(server.port, name, f"/#{name}", locale="en-US", **options)
        say(page, "one")
        say(page, "two")
        message = sees(page, "two")
        # The box of what is written, which may be wider than its element.
        box = """node => {
            const range = document.createRange();
            range.selectNodeContents(node);
            return range.getBoundingClientRect().toJSON();
        }"""
        time = message.locator("time").evaluate(box)
        assert time["left"] >= 0
        assert time["right"] <= message.locator(".text").evaluate(box)["left"]
