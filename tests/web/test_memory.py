"""What is still there after the page was loaded anew, in another tab, and on another device."""

import time

from playwright.sync_api import expect

from tests.client_programs import waits_for
from tests.server.harness import PATIENCE
from tests.web.conftest import say, sees, texts
from tests.web.test_accounts import make_account, sign_in, with_token


def entered(page):
    page.wait_for_selector("#app[data-joined=true]")
    return page


def reload(page):
    page.reload()
    return entered(page)


def stored(page):
    """All that the browser keeps of the page."""
    return page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")


def settings(page):
    page.locator(".me button").click()
    return page.get_by_role("dialog")


def test_a_new_account_stays_signed_in_over_a_reload_and_in_each_tab(server, visits):
    page = visits.join(server.port, "anna")
    make_account(page, "tea at five")
    page.get_by_text("This device stays signed in").wait_for()
    assert "tea at five" not in stored(page)
    reload(page)
    page.get_by_text("signed in as anna").wait_for()
    tab = page.context.new_page()
    tab.goto(page.url)
    entered(tab).get_by_text("signed in as anna").wait_for()
    assert server.people() == ["anna"]
    # After a failure of the network it comes back the same way.
    page.evaluate("dispatchEvent(new Event('offline'))")
    page.get_by_text("Not connected:").wait_for()
    page.evaluate("asyncchat.connection.retry()")
    page.get_by_text("signed in as anna").wait_for()


def test_a_guest_gets_its_name_back_that_the_server_still_holds_after_a_reload(server, visits):
    page = visits.join(server.port, "anna")
    page.goto("about:blank")
    assert waits_for(lambda: not server.people(), PATIENCE)  # it has left
    earlier = server.irc("anna")  # as the server sees the tab from before while it has not read of its end
    page.goto(f"http://127.0.0.1:{server.port}/#lobby")
    entered(page)
    expect(page.locator(".me b")).to_have_text("anna_")
    earlier.send("QUIT\r\n")
    expect(page.locator(".me b")).to_have_text("anna")
    assert server.people() == ["anna"]
    assert page.evaluate("JSON.parse(localStorage.asyncchat).nick") == "anna"


def test_what_is_asked_of_the_room_one_looks_at_does_not_wait_for_other_rooms(server, visits):
    page = visits.join(server.port, "anna")
    asked = """async (names) => {
        const { chat, connection } = asyncchat, asked = [];
        await Promise.all(names.map((name) => connection.inTurn(chat.room(name), () => asked.push(name))));
        return asked;
    }"""
    assert page.evaluate(asked, ["#a", "#b", "#lobby", "#c"]) == ["#lobby", "#a", "#b", "#c"]
    failing = (
        "asyncchat.connection.inTurn(null, () => { throw Error('no'); }).catch((error) => error.message)"
    )
    assert page.evaluate(failing) == "no"
    assert page.evaluate(asked, ["#a", "#lobby"]) == ["#lobby", "#a"]


def test_who_comes_back_to_forty_rooms_asks_for_little(server, visits):
    names = [f"#room{number:02}" for number in range(40)]
    iris = server.irc("iris")
    iris.send(f"JOIN {','.join(names)}\r\n")
    iris.until(f" 366 iris {names[-1]} ")
    spoke = [f"PRIVMSG {name} :{text}\r\n" for name in names[1:] for text in ("one", "two")]
    iris.send("".join([f"PRIVMSG {names[0]} :look here\r\n", *spoke, "PING said\r\n"]))
    iris.until("said")
    page = visits.open(server.port)
    # It read them all but two, and never one.
    read = {name: 1 if name in names[4:6] else int(time.time() * 1000) for name in names[:-1]}
    kept = "(kept) => { localStorage.asyncchat = JSON.stringify(kept); }"
    page.evaluate(kept, {"nick": "anna", "rooms": names, "read": read})
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda line: sent.append(line)))
    page.goto(f"http://127.0.0.1:{server.port}/{names[0]}")
    page.reload()
    sees(page, "look here")
    for name in names[4:6]:
        page.get_by_role("button", name=f"{name}, 2 unread").wait_for()
    while not page.evaluate("[...asyncchat.chat.rooms.values()].every((room) => room.joined)"):
        page.wait_for_timeout(20)
    words = [line.split(" ")[1] if line[0] == "@" else line.split(" ")[0] for line in sent]
    assert words.count("JOIN") <= 3
    assert words.count("CHATHISTORY") == 4, "of the room that is shown, in which anything is new, and of two"
    assert len(sent) < 25
    expect(page.locator("#sidebar .unread")).to_have_count(2)
    # What else was said is read when the room is looked at; what is said now is no gap there.
    iris.send(f"PRIVMSG {names[9]} :three\r\n")
    page.get_by_role("button", name=f"{names[9]}, 1 unread").click()
    sees(page, "three")
    expect(page.locator(".message")).to_have_count(3)
    assert texts(page) == ["one", "two", "three"]
    page.evaluate("dispatchEvent(new Event('offline'))")
    iris.send(f"PRIVMSG {names[9]} :four\r\nPRIVMSG {names[0]} :and here\r\n")
    page.evaluate("asyncchat.connection.retry()")
    sees(page, "four")
    assert texts(page) == ["one", "two", "three", "four"]
    page.get_by_role("button", name=f"{names[0]}, 1 unread").click()
    sees(page, "look here")
    assert texts(page) == ["look here", "and here"]


def test_who_signs_out_is_a_visitor_and_its_token_is_gone(server, visits):
    page = visits.join(server.port, "anna")
    make_account(page, "tea at five")
    page.get_by_text("This device stays signed in").wait_for()
    login = page.evaluate("JSON.parse(localStorage.asyncchat).login")
    settings(page).get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_label("Your name").wait_for()
    assert login["token"] not in stored(page)
    page.reload()
    page.get_by_label("Your name").wait_for()
    page.evaluate("(login) => { localStorage.asyncchat = JSON.stringify({ login }); }", login)
    page.reload()
    expect(page.get_by_role("alert")).to_have_text("This device was signed out. Sign in again.")


def test_a_device_is_signed_out_from_another_and_all_at_once(server, visits):
    laptop = visits.join(server.port, "anna")
    make_account(laptop, "tea at five")
    laptop.get_by_text("This device stays signed in").wait_for()
    phone = with_token(sign_in(visits, server, "tea at five"))
    dialog = settings(laptop)
    expect(dialog.get_by_text("this device", exact=True)).to_have_count(1)
    dialog.get_by_role("button", name="Sign out Chrome on Linux").click()
    expect(phone.get_by_role("alert")).to_have_text("This device was signed out. Sign in again.")
    expect(dialog.locator(".listed")).to_have_count(1)
    phone.get_by_label("Password of your account").fill("tea at five")
    phone.keyboard.press("Enter")
    with_token(phone)
    dialog.get_by_role("button", name="Sign out everywhere").click()
    laptop.get_by_role("button", name="Sign out everywhere").last.click()
    for page in (laptop, phone):
        page.get_by_label("Your name").wait_for()


def test_who_does_not_stay_signed_in_is_asked_in_the_next_tab_only(server, visits):
    page = visits.join(server.port, "anna")
    make_account(page, "tea at five")
    page.get_by_text("This device stays signed in").wait_for()
    settings(page).get_by_label("Stay signed in on this device").uncheck()
    assert "token" not in page.evaluate("localStorage.asyncchat")
    page.keyboard.press("Escape")
    reload(page)
    page.get_by_text("signed in as anna").wait_for()
    tab = page.context.new_page()
    tab.goto(page.url)
    tab.get_by_label("Your name").wait_for()


def test_an_account_may_stay_in_its_rooms(server, visits):
    page = visits.join(server.port, "anna")
    make_account(page, "tea at five")
    page.get_by_text("This device stays signed in").wait_for()
    box = settings(page).get_by_label("Stay in my rooms while no device is connected")
    expect(box).to_be_enabled()
    expect(box).not_to_be_checked()
    box.check()
    iris = server.irc("iris")
    iris.send("CAP REQ :away-notify\r\n")
    iris.until("ACK")
    page.keyboard.press("Escape")
    box = settings(page).get_by_label("Stay in my rooms while no device is connected")
    expect(box).to_be_checked()
    page.close()
    iris.until(" AWAY :not connected")


def test_what_a_guest_was_told_in_private_and_has_read_is_there_after_a_reload(server, visits):
    page = visits.join(server.port, "anna", "/#tea")
    iris = server.irc("iris")
    iris.send("JOIN #tea\r\nPRIVMSG #tea :hello\r\nPRIVMSG anna :just for you\r\nPRIVMSG anna :and this\r\n")
    sees(page, "hello")
    page.get_by_role("button", name="iris, 2 unread").click()
    sees(page, "and this")
    say(page, "thanks")
    sees(page, "thanks")
    page.get_by_role("button", name="#tea", exact=True).click()
    iris.send("PRIVMSG anna :one more\r\n")
    page.get_by_role("button", name="iris, 1 unread").wait_for()
    reload(page)
    page.get_by_role("button", name="iris, 1 unread").wait_for()
    page.get_by_role("button", name="#tea", exact=True).wait_for()
    page.get_by_role("button", name="iris, 1 unread").click()
    sees(page, "one more")
    assert texts(page) == ["just for you", "and this", "thanks", "one more"]


def test_private_talk_of_an_account_that_was_read_is_read_after_a_reload(server, visits):
    page = visits.join(server.port, "anna")
    make_account(page, "tea at five")
    page.get_by_text("This device stays signed in").wait_for()
    iris = server.irc("iris")
    iris.send("PRIVMSG NickServ :REGISTER tea at six\r\nPRIVMSG anna :just for you\r\n")
    page.get_by_role("button", name="iris, 1 unread").click()
    sees(page, "just for you")
    page.get_by_role("button", name="#lobby", exact=True).click()
    reload(page)
    page.locator("#sidebar").get_by_role("button", name="iris", exact=True).click()
    sees(page, "just for you")


def test_a_draft_is_there_after_a_reload(server, visits):
    page = visits.join(server.port, "anna")
    page.keyboard.press("Control+k")
    page.keyboard.type("#tea")
    page.keyboard.press("ArrowDown")  # makes the room
    page.keyboard.press("Enter")
    field = page.locator("#composer textarea")
    page.get_by_label("Message #tea").fill("another")
    page.get_by_role("button", name="#lobby").click()
    page.get_by_label("Message #lobby").fill("half a thought")
    reload(page)
    expect(field).to_have_value("half a thought")
    page.get_by_role("button", name="#tea").click()
    expect(field).to_have_value("another")
    field.press("Enter")
    sees(page, "another")
    reload(page)
    page.get_by_role("button", name="#lobby").click()
    expect(field).to_have_value("half a thought")
    page.get_by_role("button", name="#tea").click()
    expect(page.get_by_label("Message #tea")).to_have_value("")


def test_a_room_is_muted_and_another_tells_of_each_message(server, visits):
    page = visits.join(server.port, "anna", "/#bots")
    page.evaluate("asyncchat.chat.open('#work')")
    page.evaluate("asyncchat.chat.open('#lobby')")
    page.get_by_role("button", name="#bots", exact=True).click(button="right")
    page.get_by_role("menuitem", name="Mute").click()
    page.get_by_role("button", name="#work", exact=True).click()
    button = page.get_by_role("button", name="Room settings")
    button.click()
    page.keyboard.type("no button has the focus, nor the message field")
    page.get_by_text("Kept in this browser; with an account on all your devices.").wait_for()
    page.get_by_label("Notifications").select_option("all")
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(page.get_by_label("Message #work")).to_have_value("")
    page.get_by_role("button", name="#lobby", exact=True).click()
    reload(page)
    iris = server.irc("iris")
    iris.send("JOIN #bots\r\nJOIN #work\r\nPRIVMSG #bots :anna: build 1 failed\r\nPRIVMSG #work :lunch?\r\n")
    page.get_by_role("button", name="#work, 1 unread").wait_for()
    page.locator(".toast", has_text="iris in #work: lunch?").wait_for()
    page.get_by_role("button", name="#bots, muted").wait_for()
    expect(page.locator(".toast", has_text="build 1 failed")).to_have_count(0)
    assert page.title().startswith("•")


def test_all_devices_of_an_account_mute_and_hide_the_same(server, visits):
    laptop = visits.join(server.port, "anna", "/#bots")
    # What a guest chose goes along into the account.
    laptop.evaluate("asyncchat.chat.choose('notify', '#bots', 'none')")
    laptop.get_by_role("button", name="#bots, muted").wait_for()
    make_account(laptop, "tea at five")
    laptop.get_by_text("This device stays signed in").wait_for()
    phone = with_token(sign_in(visits, server, "tea at five", "/#bots"))
    phone.get_by_role("button", name="#bots, muted").wait_for()
    phone.get_by_role("button", name="Room settings").click()
    expect(phone.get_by_text("Kept in this browser")).to_have_count(0)
    phone.get_by_label("Notifications").select_option("all")
    phone.keyboard.press("Escape")
    laptop.get_by_role("button", name="#bots", exact=True).wait_for()
    iris, jonas = server.irc("iris"), server.irc("jonas")
    iris.send("JOIN #bots\r\nPRIVMSG #bots :first\r\n")
    sees(phone, "first")
    say(laptop, "/ignore iris")
    laptop.locator(".toast", has_text="Messages of iris are now hidden.").wait_for()
    iris.send("PRIVMSG #bots :hidden\r\nPING said\r\n")
    iris.until("said")
    jonas.send("JOIN #bots\r\nPRIVMSG #bots :seen\r\n")
    for page in (laptop, phone):
        sees(page, "seen")
        assert texts(page) == ["first", "seen"]
    assert "iris" in stored(phone)
    settings(phone).get_by_role("button", name="Sign out", exact=True).click()
    phone.get_by_label("Your name").wait_for()
    assert "iris" not in stored(phone)


def test_a_message_whose_echo_was_lost_is_shown_once(server, visits):
    page = visits.join(server.port, "anna")
    say(page, "first")
    sees(page, "first")
    # The connection ends after the line was sent, before the answer comes.
    page.evaluate("""() => {
      const own = WebSocket.prototype.send;
      WebSocket.prototype.send = function (line) {
        own.call(this, line);
        if (!line.includes("said or not")) return;
        this.onmessage = null;
        WebSocket.prototype.send = own;
        setTimeout(() => dispatchEvent(new Event("offline")), 0);
      };
    }""")
    iris = server.irc("iris")
    say(page, "said or not?")
    page.get_by_text("Not connected:").wait_for()
    iris.until("said or not?")
    page.evaluate("asyncchat.connection.retry()")
    entered(page)
    say(page, "last")
    sees(page, "last")
    assert texts(page) == ["first", "said or not?", "last"]
    expect(page.locator(".message.failed, .message.pending")).to_have_count(0)


def test_an_echo_that_came_late_is_shown_once(server, visits):
    page = visits.join(server.port, "anna")
    page.evaluate("""() => {
      const { ask } = asyncchat.connection;
      asyncchat.connection.ask = function (command, ...rest) {
        const asked = ask.call(this, command, ...rest);
        if (command !== "PRIVMSG") return asked;
        return Promise.reject(Object.assign(new Error("The server did not answer"), { code: "TIMEOUT" }));
      };
    }""")
    say(page, "slow")
    sees(page, "slow")
    expect(page.locator(".message")).to_have_count(1)
    expect(page.locator(".message.failed")).to_have_count(0)
