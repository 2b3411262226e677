"""The history as it is read: the newcomer's, page by page, by time."""

from asyncchat.core.events import Record
from asyncchat.core.features.history import HistoryPage, ReadHistory
from asyncchat.core.features.messages import Said, Say
from asyncchat.core.features.rooms import Joined
from asyncchat.core.people import person
from asyncchat.text.features.history import CUT, HistoryCursor, page_lines
from asyncchat.text.times import Zone
from tests.dialects.driver import server_info
from tests.dialects.plain_driver import NOW, SECOND, World

HOUR = 3600 * SECOND
DAY = 24 * HOUR


def chatter(world, count, *, room="#lobby", start=1):
    bob = next((peer for peer in world.peers.values()), None) or world.person("bob")
    for number in range(start, start + count):
        world.decide(bob, Say(room, f"line {number}"))
    return bob


def history_asked(seat):
    asked = seat.asked[-1]
    assert isinstance(asked, ReadHistory)
    return asked


def test_a_newcomer_to_an_empty_room_sees_nothing_of_it():
    assert World().connect().type("anna") == "Hello, anna!\n"


def test_a_newcomer_reads_the_last_lines():
    world = World()
    chatter(world, 3)
    assert world.connect().type("anna") == (
        "Hello, anna! bob, anna are in the chat\n"
        "-- Sun 22 Nov 2026 (UTC) --\n"
        "21:00 bob: line 1\n"
        "21:00 bob: line 2\n"
        "21:00 bob: line 3\n"
    )


def test_a_newcomer_is_told_of_the_rest_and_goes_on_there():
    world = World()
    chatter(world, 260)
    anna = world.connect()
    heard = anna.type("anna").splitlines()
    assert heard[1] == "… 240 earlier messages: /history"
    assert heard[2:4] == ["-- Sun 22 Nov 2026 (UTC) --", "21:00 bob: line 241"]
    assert heard[-1] == "21:00 bob: line 260"
    more = anna.type("/history").splitlines()
    assert more[1] == "21:00 bob: line 191"
    assert more[-2:] == ["21:00 bob: line 240", "-- more: /history --"]
    assert anna.type("/history").splitlines()[1] == "21:00 bob: line 141"


def test_one_earlier_message_is_one():
    world = World()
    chatter(world, 21)
    assert world.connect().type("anna").splitlines()[1] == "… 1 earlier message: /history"


def test_very_many_earlier_messages_are_not_counted():
    world = World()
    chatter(world, 1020)
    assert world.connect().type("anna").splitlines()[1] == "… more than 1,000 earlier messages: /history"


def test_what_a_newcomer_hears_live_is_not_in_its_history_too():
    world = World()
    chatter(world, 2)
    anna = world.connect()
    anna.type("anna")
    assert isinstance(world.records[-1].event, Joined)
    assert history_asked(anna).window.before == world.records[-1].number


def test_reading_to_the_beginning_and_again():
    world = World()
    anna = chatter(world, 120)
    pages = [anna.type("/history").splitlines() for _ in range(4)]
    assert [len(page) for page in pages] == [52, 52, 21, 52]
    assert pages[2][1] == "21:00 bob: line 1"
    assert pages[2][-1] == "21:00 bob: line 20"
    assert pages[3] == pages[0]


def test_so_many_lines():
    world = World()
    anna = chatter(world, 200)
    assert anna.type("/history 3").splitlines()[1:] == [f"21:00 bob: line {n}" for n in (198, 199, 200)]
    first = anna.type("/history 60").splitlines()
    assert len(first) == 52
    assert first[-1] == "-- more: /history --"
    assert len(anna.type("/history").splitlines()) == 11


def test_by_duration():
    world = World()
    anna = world.person("anna")
    anna.type("long ago")
    world.now += 2 * HOUR
    anna.type("just now")
    assert anna.type("/history 30m") == "-- Sun 22 Nov 2026 (UTC) --\n23:00 anna: just now\n"
    assert "long ago" in anna.type("/history 3h")
    assert history_asked(anna).newer_seconds == 3 * 3600
    assert "long ago" in anna.type("/history 1d")


def test_by_date_and_the_mark_of_a_new_day():
    world = World()
    anna = world.person("anna")
    anna.type("sunday")
    world.now += 3 * HOUR
    anna.type("monday")
    assert anna.type("/history") == (
        "-- Sun 22 Nov 2026 (UTC) --\n21:00 anna: sunday\n-- Mon 23 Nov 2026 --\n00:00 anna: monday\n"
    )
    assert anna.type("/history 2026-11-22") == "-- Sun 22 Nov 2026 (UTC) --\n21:00 anna: sunday\n"
    assert anna.type("/history 2026-11-23") == "-- Mon 23 Nov 2026 (UTC) --\n00:00 anna: monday\n"
    assert anna.type("/history 2026-11-24") == "-- no messages --\n"


def test_times_are_the_servers():
    world = World(server_info(zone="MSK", utc_offset=3 * 3600))
    anna = world.person("anna")
    anna.type("hi")
    assert anna.type("/history") == "-- Mon 23 Nov 2026 (MSK) --\n00:00 anna: hi\n"
    assert anna.type("/history 2026-11-23") == "-- Mon 23 Nov 2026 (MSK) --\n00:00 anna: hi\n"


def test_each_room_has_its_own():
    world = World()
    anna = chatter(world, 60)
    anna.type("/history", "/join #tea")
    assert anna.type("/history") == "-- no messages --\n"
    anna.type("tea is ready")
    assert anna.type("/history") == "-- Sun 22 Nov 2026 (UTC) --\n21:00 [#tea] bob: tea is ready\n"


def test_the_room_is_left_and_the_reading_begins_anew():
    world = World()
    anna = chatter(world, 60)
    first = anna.type("/history")
    anna.type("/join #tea")
    anna.type("/part")
    assert anna.type("/history") == first


def test_unreadable():
    world = World()
    world.readable = False
    anna = world.connect()
    assert anna.type("anna") == "Hello, anna!\n"
    assert anna.type("/history") == "The history of the lobby can't be read.\n"


def test_a_text_of_several_lines_has_its_time_on_each():
    world = World()
    anna = world.person("anna")
    world.decide(anna, Say("#lobby", "one\ntwo"))
    assert anna.type("/history").splitlines()[1:] == ["21:00 anna: one", "21:00 anna: two"]


def test_a_far_past_is_still_a_day():
    world = World()
    world.now = -NOW * 100
    anna = world.person("anna")
    anna.type("dinosaurs")
    assert "1 Jan 1 " in anna.type("/history")


def test_where_older_messages_were_removed_it_says_so():
    zone, record = Zone("UTC", 0), Record(1, NOW, Said("#lobby", person(1, "bob", "u", "h"), "hi"))
    shown = page_lines(HistoryPage("#lobby", (record,), 0, HistoryCursor("#lobby"), cut=True), zone)
    assert shown == [
        "-- older messages are no longer kept --",
        "-- Sun 22 Nov 2026 (UTC) --",
        "21:00 bob: hi",
    ]
    for newcomer in (True, False):
        page = HistoryPage("#lobby", (), 0, HistoryCursor("#lobby", newcomer=newcomer), cut=True)
        assert page_lines(page, zone) == [CUT]
