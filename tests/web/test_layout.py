"""Where things stand, in what order, and that they can be read."""

from playwright.sync_api import expect

from tests.web.conftest import say, sees

ORDER = "[...document.querySelectorAll('#sidebar .room .name')].map(node => node.textContent)"


def test_with_many_rooms_all_parts_are_in_view_and_nothing_moves(server, visits):
    page = visits.join(server.port, "anna")
    rooms = page.evaluate("""() => {
      const names = Array.from({ length: 40 }, (_, at) => `#room-${at}`);
      for (const name of names) asyncchat.chat.room(name);
      asyncchat.chat.room("bob");
      return names;
    }""")
    expect(page.locator("#sidebar .room")).to_have_count(42)
    expect(page.get_by_role("region", name="Private").get_by_role("heading")).to_be_in_viewport()
    expect(page.get_by_role("button", name="bob")).to_be_in_viewport()
    before = page.evaluate(ORDER)
    assert before == ["lobby", *(name[1:] for name in rooms), "bob"]
    page.keyboard.press("Alt+ArrowDown")
    page.get_by_role("heading", name="#room-0").wait_for()
    assert page.evaluate(ORDER) == before
    page.keyboard.press("Control+k")
    page.keyboard.type("room-3")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="#room-3", exact=True).wait_for()
    page.reload()
    page.get_by_role("heading", name="#room-3", exact=True).wait_for()
    expect(page.locator("#sidebar .room")).to_have_count(3)
    assert page.evaluate(ORDER) == ["lobby", "room-0", "room-3"]


def test_what_is_unread_beyond_the_fold_is_counted_and_near(server, visits):
    page = visits.join(server.port, "anna")
    page.evaluate("""() => {
      const { chat } = asyncchat;
      for (let at = 10; at < 50; at += 1) chat.room(`#room-${at}`);
      for (const name of ["#room-11", "#room-47", "#room-48"]) {
        chat.room(name).unread = 1;
        chat.tell("unread", chat.room(name));
      }
    }""")
    more = page.locator(".more-unread:visible")
    expect(more).to_have_text("2 unread below")
    more.press("Enter")
    row = page.get_by_role("button", name="#room-47, 1 unread")
    expect(row).to_be_focused()
    expect(row).to_be_in_viewport()
    expect(more).to_have_text("1 unread above")
    more.click()
    expect(page.get_by_role("button", name="#room-11, 1 unread")).to_be_in_viewport()
    for name in ("#room-11", "#room-47", "#room-48"):
        page.keyboard.press("Alt+Shift+ArrowDown")
        page.get_by_role("heading", name=name).wait_for()


def test_the_page_does_not_scroll_and_times_are_those_of_the_locale(server, visits):
    for options in ({}, {"viewport": {"width": 390, "height": 844}}):
        page = visits.join(server.port, f"anna{len(options)}", locale="en-US", **options)
        say(page, f"hello {len(options)}")
        sees(page, f"hello {len(options)}")
        page.evaluate("scrollTo(0, 100)")
        assert page.evaluate("[scrollX, scrollY]") == [0, 0]
        assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0
    shown = page.locator(".message time").last
    wanted = shown.evaluate("""({ dateTime }) =>
      new Intl.DateTimeFormat("en-US", { timeStyle: "short" }).format(new Date(dateTime))""")
    assert shown.inner_text() == wanted
    assert not wanted.startswith("0")


def test_a_notice_that_comes_with_a_message_does_not_stop_the_timeline_at_its_end(server, visits):
    page = visits.join(server.port, "anna")
    for number in range(3):
        page.locator("#composer textarea").fill("\n".join(f"- line {number}" for _ in range(15)))
        page.keyboard.press("Enter")
    sees(page, "line 2")
    expect(page.locator("#latest")).to_be_hidden()
    left = page.evaluate("""async () => {
      const timeline = document.getElementById("timeline");
      const frame = () => new Promise(requestAnimationFrame);
      timeline.scrollTop -= 5; // as it is scrolled for a new message
      const notice = document.createElement("div");
      notice.style.height = "46px";
      document.getElementById("toasts").append(notice);
      for (let count = 0; count < 3; count += 1) await frame();
      const left = timeline.scrollHeight - timeline.scrollTop - timeline.clientHeight;
      notice.remove();
      return left;
    }""")
    assert left < 2
    expect(page.locator("#latest")).to_be_hidden()
    iris = server.irc("iris")
    iris.send("PRIVMSG #lobby :newer\r\n")
    expect(sees(page, "newer")).to_be_in_viewport()
