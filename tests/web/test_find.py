"""Finding rooms and people with Ctrl K."""

from playwright.sync_api import expect


def test_rooms_and_people_are_found_by_what_is_typed_and_none_is_made_unasked(server, visits):
    page = visits.join(server.port, "anna")
    iris, bob = server.irc("iris"), server.irc("bobby")
    iris.send("JOIN #releases\r\nTOPIC #releases :what ships\r\nJOIN #tea\r\n")
    iris.until("#tea :End")
    bob.send("PING done\r\n")
    bob.until("done")
    keys = page.keyboard
    options = page.get_by_role("option")

    def chosen():
        return page.locator("[role=option][aria-selected=true]").inner_text().split("\n")

    keys.press("Control+k")
    page.get_by_role("option", name="releases").wait_for()
    keys.type("rel")
    expect(options).to_have_count(3)  # the room; to make one of this name; to write to one of this name
    assert chosen() == ["#", "releases", "1 person: what ships"]
    keys.press("Enter")
    page.get_by_role("heading", name="#releases").wait_for()
    keys.press("Control+k")
    keys.type("bob")
    assert chosen()[-1] == "bobby"
    keys.press("ArrowDown")
    assert chosen() == ["+", "Make the room #bob"]
    keys.press("ArrowUp")
    keys.press("Enter")
    page.get_by_role("heading", name="bobby").wait_for()
    keys.press("Control+k")
    keys.type("xyz")
    keys.press("Enter")
    page.get_by_text("No room and nobody here is called so. Choose below what to do.").wait_for()
    assert page.evaluate("[...asyncchat.chat.rooms.keys()].sort()") == ["#lobby", "#releases", "bobby"]
    keys.press("ArrowDown")
    keys.press("Enter")
    page.get_by_role("heading", name="#xyz").wait_for()
    page.wait_for_selector("#app[data-joined=true]")
    page.get_by_role("button", name="Write to somebody").click()
    page.get_by_role("option", name="iris").click()
    page.get_by_role("heading", name="iris").wait_for()
