"""What events mean for the rooms that a person sees."""

from datetime import UTC, datetime, timedelta

from asyncchat.client import events
from asyncchat.client.ignored import IgnoredNames
from asyncchat.client.mentions import Mentions
from asyncchat.tui.conversation import Break, Notice, Said
from asyncchat.tui.state import HIDDEN_ENTRIES, ChatState

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Talk:
    """A state and the events that it gets; each is a second after the one before."""

    def __init__(self, nick: str = "me", **settings) -> None:
        self.state = ChatState(nick, **settings)
        self.time = START
        self.number = 0
        self.take(events.Joined(START, "#tea", nick, own=True))
        self.state.show("#tea")

    def take(self, event: events.Event) -> None:
        self.state.take(event)

    def say(self, text: str, nick: str = "bob", room: str = "#tea", **options) -> str:
        self.time += timedelta(seconds=1)
        self.number += 1
        id: str = options.pop("id", f"e-{self.number}")
        self.take(events.Message(id, self.time, room, nick, text, **options))
        return id

    def texts(self, room: str = "#tea") -> list[str]:
        entries = self.state.conversation(room).entries
        return [
            e.message.text if isinstance(e, Said) else e.text for e in entries if isinstance(e, Said | Notice)
        ]

    def last(self, room: str = "#tea") -> Said:
        entry = self.state.conversation(room).entries[-1]
        assert isinstance(entry, Said)
        return entry


def test_what_is_said_elsewhere_is_unread_until_it_is_looked_at():
    talk = Talk()
    talk.say("here")
    talk.say("there", room="#ci")
    talk.say("me: look", room="#ci")
    ci = talk.state.conversation("#ci")
    assert (ci.unread, ci.calls, talk.state.current.unread) == (2, 1, 0)
    assert [(call.room, call.text) for call in talk.state.calls] == [("#ci", "me: look")]
    assert talk.state.next_unread() is ci
    talk.state.show("#ci")
    assert (ci.unread, ci.calls) == (0, 0)
    assert ci.unread_from is ci.entries[0]
    talk.state.show("#tea")
    assert ci.unread_from is None


def test_nothing_is_read_while_nobody_looks():
    talk = Talk()
    talk.state.watch(False)
    talk.say("one")
    talk.say("two")
    assert talk.state.current.unread == 2
    talk.state.watch(True)
    assert talk.state.current.unread == 0
    assert talk.state.current.unread_from is talk.state.current.entries[0]
    talk.say("mine", nick="me", own=True)
    assert talk.state.current.unread_from is None


def test_history_at_the_first_joining_is_not_unread_but_what_was_missed_is():
    talk = Talk()
    talk.take(events.Joined(START, "#ci", "me", own=True))
    talk.say("long ago, me", room="#ci", replayed=True)
    assert talk.state.conversation("#ci").unread == 0
    talk.take(events.Disconnected(START, "gone", 1.0))
    assert talk.state.disconnected == "gone"
    talk.take(events.Reconnected(START, "me"))
    talk.say("missed, me", room="#ci", replayed=True)
    assert (talk.state.conversation("#ci").unread, talk.state.conversation("#ci").calls) == (1, 1)
    assert talk.state.disconnected == ""


def test_who_calls():
    talk = Talk(mentions=Mentions(["deploy", "c++"]))
    for text, calls in [
        ("me, come", True),
        ("come home", False),
        ("ME!", True),
        ("time for a deploy", True),
        ("deployment", False),
        ("C++ again", True),
    ]:
        talk.say(text)
        assert talk.last().calls is calls, text
    talk.say("psst", room="bob")
    assert talk.last("bob").calls
    talk.take(events.Renamed(START, "me", "annie", ("#tea",), own=True))
    talk.say("annie?")
    assert talk.last().calls


def test_each_message_is_shown_once():
    talk = Talk()
    talk.say("one", id="e-1")
    talk.say("one", id="e-1", replayed=True)
    talk.say("its second line", id="e-1", part=1)
    tea = talk.state.current
    older = [
        events.Message(f"e-{id}", START, "#tea", "bob", text) for id, text in [("0", "zero"), ("1", "one")]
    ]
    assert talk.state.older(tea, older) == 1
    assert talk.texts() == ["zero", "one", "its second line"]
    assert tea.older_than == "e-0"
    assert not tea.is_complete
    talk.state.older(tea, [])
    assert tea.is_complete


def test_what_happens_to_a_message():
    talk = Talk()
    id = talk.say("tea at five")
    for nick, reaction, on in [
        ("anna", "👍", True),
        ("me", "👍", True),
        ("anna", "🎉", True),
        ("anna", "🎉", False),
    ]:
        talk.take(events.Reacted(START, "#tea", nick, id, reaction, on))
    reactions = {key: list(who.values()) for key, who in talk.last().reactions.items()}
    assert reactions == {"👍": ["anna", "me"]}
    talk.take(events.Edited(START, "#tea", "bob", id, "tea at four"))
    assert (talk.last().lines, talk.last().edited) == (["tea at four"], True)
    talk.say("when?", reply_to=id)
    assert talk.last().quote == "bob: tea at four"
    talk.take(events.Redacted(START, "#tea", "anna", id))
    entry = talk.state.current.by_id[id]
    assert (entry.redacted, entry.message.text, entry.reactions) == ("anna", "", {})
    assert entry in talk.state.current.changed
    for event in (
        events.Reacted(START, "#tea", "anna", "unknown", "👍"),
        events.Edited(START, "#none", "anna", "unknown", "x"),
    ):
        talk.take(event)
    assert talk.texts() == ["", "when?"]


def test_message_from_the_history_is_marked_if_it_was_edited():
    talk = Talk()
    talk.say("as it was", replayed=True)
    assert not talk.last().edited
    talk.say("as it is now", replayed=True, edited=True)
    assert talk.last().edited
    talk.state.older(talk.state.current, [events.Message("e-0", START, "#tea", "bob", "older", edited=True)])
    assert talk.state.current.by_id["e-0"].edited


def test_reactions_of_the_history_come_in_any_order():
    talk = Talk()
    second = timedelta(seconds=1)
    # The newest page was read first: what it reacts to is not known yet.
    talk.take(events.Reacted(START + 2 * second, "#tea", "anna", "e-0", "🎉", on=False))
    talk.take(events.Reacted(START + 2 * second, "#tea", "me", "e-0", "👍"))
    said = events.Message("e-0", START, "#tea", "bob", "older", replayed=True)
    earlier = [
        events.Reacted(START + second, "#tea", "anna", "e-0", "🎉"),
        events.Reacted(START + second, "#tea", "anna", "e-0", "👍"),
        events.Edited(START + second, "#tea", "bob", "e-0", "an earlier text"),
    ]
    talk.state.older(talk.state.current, [said], earlier)
    entry = talk.state.current.by_id["e-0"]
    assert {key: set(who.values()) for key, who in entry.reactions.items()} == {"👍": {"anna", "me"}}
    assert entry.lines == ["older"]
    # What was told before a break is told again after it.
    talk.take(events.Reacted(START + 2 * second, "#tea", "me", "e-0", "👍"))
    talk.take(events.Reacted(START + second, "#tea", "anna", "e-0", "🎉"))
    assert list(entry.reactions) == ["👍"]


def test_who_comes_and_goes_at_a_time_is_one_line():
    talk = Talk()
    for nick in ("anna", "bob"):
        talk.take(events.Joined(START, "#tea", nick))
    talk.take(events.Left(START, "#tea", "anna"))
    talk.take(events.Left(START, "#tea", "carol"))
    assert talk.texts() == ["bob joined · carol left · anna came and went"]
    talk.say("hello")
    talk.take(events.Joined(START, "#tea", "dan"))
    assert talk.texts()[1:] == ["hello", "dan joined"]


def test_ignored_people_are_not_shown():
    talk = Talk(ignored=IgnoredNames(["bob"]))
    id = talk.say("hello", nick="anna")
    talk.say("spam", nick="Bob")
    talk.take(events.Joined(START, "#tea", "bob"))
    talk.take(events.Reacted(START, "#tea", "bob", id, "👎"))
    talk.take(events.Typing(START, "#tea", "bob"))
    assert talk.texts() == ["hello"]
    assert not talk.last().reactions
    assert not talk.state.current.typing


def test_who_types():
    talk = Talk()
    tea = talk.state.current
    talk.take(events.Typing(START, "#tea", "bob"))
    assert tea.typing == {"bob": ("bob", START + timedelta(seconds=6))}
    talk.say("done")
    assert not tea.typing
    talk.take(events.Typing(START, "#tea", "bob", "paused"))
    talk.take(events.Typing(START, "#tea", "bob", "done"))
    assert not tea.typing


def test_names_change():
    talk = Talk()
    talk.say("psst", room="bob")
    talk.take(events.Renamed(START, "bob", "bobby", ("#tea",)))
    assert list(talk.state.conversations) == ["#tea", "bobby"]
    assert talk.texts()[-1] == "bob is now bobby"
    talk.take(events.RoomRenamed(START, "#tea", "#coffee", "anna"))
    assert talk.state.current.name == "#coffee"
    assert list(talk.state.conversations) == ["#coffee", "bobby"]


def test_rooms_come_before_people_and_can_be_left():
    talk = Talk()
    talk.say("psst", room="bob")
    talk.say("x", room="#ci")
    assert list(talk.state.conversations) == ["#tea", "#ci", "bob"]
    talk.take(events.Kicked(START, "#tea", "me", "anna", "noise", own=True))
    assert not talk.state.current.is_joined
    assert talk.texts() == ["you were removed from #tea by anna (noise)"]
    talk.state.close("#tea")
    assert talk.state.current.name == "#ci"


def test_answers_and_gaps_are_where_they_belong():
    talk = Talk()
    talk.say("x", room="#ci")
    talk.take(events.Refused(START, "#ci", "You are muted", "hello"))
    talk.take(events.Told(START, "welcome"))
    talk.take(events.Gap("#ci", "", "", START, START))
    assert talk.texts() == ["welcome"]
    assert talk.texts("#ci")[1] == "#ci: You are muted (not sent: hello)"
    assert talk.texts("#ci")[2].startswith("what was said in #ci between")
    talk.state.tell("a line", now=START, room="#ci")
    assert talk.texts("#ci")[-1] == "a line"


def test_rooms_that_are_not_shown_do_not_grow_without_end():
    talk = Talk()
    for _ in range(HIDDEN_ENTRIES + 2000):
        talk.say("x", room="#ci")
    ci = talk.state.conversation("#ci")
    assert HIDDEN_ENTRIES <= len(ci.entries) <= HIDDEN_ENTRIES * 1.1
    assert ci.removed == HIDDEN_ENTRIES + 2000 - len(ci.entries)
    assert len(ci.by_id) == len(ci.entries)


def test_what_came_while_nobody_was_here_is_unread():
    talk = Talk()
    talk.take(events.Joined(START, "#ci", "me", own=True))
    for text in ("old", "me: new", "newer"):
        talk.say(text, room="#ci", replayed=True)
    ci = talk.state.conversation("#ci")
    talk.take(events.ReadUpTo(ci.entries[0].time, "#ci"))
    assert (ci.unread, ci.calls) == (2, 1)
    assert ci.unread_from is ci.entries[1]
    # It is read on another device; an older marker says nothing.
    talk.take(events.ReadUpTo(ci.entries[2].time, "#ci"))
    assert ci.unread == ci.calls == 0
    talk.take(events.ReadUpTo(START, "#ci"))
    assert ci.unread == 0


def test_what_is_read_is_told_once():
    talk = Talk()
    assert talk.state.reads() is None
    talk.say("one")
    assert talk.state.reads() == talk.last().time
    assert talk.state.reads() is None
    talk.state.watch(False)
    talk.say("two")
    assert talk.state.reads() is None
    talk.state.watch(True)
    assert talk.state.reads() == talk.last().time


def part(first: int, last: int, nick: str = "bob") -> list[events.Message]:
    """A part of the history."""
    return [
        events.Message(f"e-{number}", START + timedelta(seconds=number), "#tea", nick, str(number))
        for number in range(first, last + 1)
    ]


def test_an_excerpt_is_read_on_until_it_meets_what_is_known():
    talk = Talk(ignored=IgnoredNames(["eve"]))
    tea = talk.state.current
    for message in part(90, 99):
        talk.take(message)
    talk.state.around(tea, part(10, 14))
    assert isinstance(tea.gap, Break)
    assert tea.entries.index(tea.gap) == 5
    assert (tea.older_than, tea.is_complete) == ("e-10", False)
    talk.state.older(tea, part(8, 9))
    talk.say("live", id="e-100")
    # A page with nothing to show is read on from all the same.
    talk.state.newer(tea, part(15, 40, "eve"))
    assert tea.gap.after == "e-40"
    talk.state.newer(tea, part(41, 80))
    assert tea.gap is not None
    talk.state.newer(tea, part(81, 95))
    assert tea.gap is None
    wanted = [*range(8, 15), *range(41, 100)]
    assert talk.texts() == [*map(str, wanted), "live"]
    talk.state.newer(tea, part(1, 2))  # it comes too late
    assert len(talk.texts()) == len(wanted) + 1


def test_an_excerpt_is_left_for_another_one_and_for_the_end():
    talk = Talk()
    tea = talk.state.current
    for message in part(90, 99):
        talk.take(message)
    talk.state.around(tea, part(10, 14))
    talk.state.around(tea, part(50, 54))
    assert talk.texts() == [*map(str, (*range(50, 55), *range(90, 100)))]
    assert "e-10" not in tea.by_id
    tea.leave_excerpt()
    assert talk.texts() == [*map(str, range(90, 100))]
    assert (tea.gap, tea.older_than) == (None, "e-90")
    # One that touches what is known has no gap; nor one up to whose end nothing was left out.
    talk.state.around(tea, part(85, 92))
    assert tea.gap is None
    talk.state.around(tea, part(10, 14))
    talk.state.newer(tea, [])
    assert tea.gap is None


def test_what_is_forgotten_may_have_the_gap_in_it():
    talk = Talk()
    tea = talk.state.current
    talk.state.around(tea, part(1, 5))
    assert tea.gap is not None
    for message in part(10, 30):
        talk.take(message)
    tea.trim(15)
    assert len(tea.entries) == 15
    assert not any(isinstance(entry, Break) for entry in tea.entries)
    talk.state.newer(tea, part(6, 9))  # it comes too late
    talk.state.around(tea, part(1, 5))
    assert len(tea.entries) == 15 + 6
