"""The line of each event, and that none is forgotten."""

from typing import get_args

import pytest

from asyncchat.core import events
from asyncchat.core.events import AnyEvent, Record, Speech
from asyncchat.core.ids import Ids
from asyncchat.core.metadata import KEY_BYTES, VALUE_BYTES
from asyncchat.core.people import person
from asyncchat.dialects.irc.capabilities import ACCOUNT_TAG, MESSAGE_TAGS, SERVER_TIME
from asyncchat.dialects.irc.encoder import CapabilityEncoder
from asyncchat.dialects.irc.features.metadata import METADATA
from asyncchat.dialects.irc.tokens import LINE_BYTES, Message, parse

A = person(1, "a", "u", "h", "real")
B = person(2, "b", "v", "i")
TIME = 1_700_000_000_123_456
STAMP = "2023-11-14T22:13:20.123Z"

LINES = [
    (events.Said("#r", A, "hi"), ":a!u@h PRIVMSG #r :hi"),
    (events.Said("#r", A, "hi", Speech.NOTICE), ":a!u@h NOTICE #r :hi"),
    (events.Said("#r", A, "waves", Speech.ACTION), ":a!u@h PRIVMSG #r :\x01ACTION waves\x01"),
    (events.Whispered(B, A, "hi"), ":a!u@h PRIVMSG b :hi"),
    (events.Whispered(B, A, "VERSION", Speech.PROBE), ":a!u@h PRIVMSG b :\x01VERSION\x01"),
    (events.Whispered(B, A, "VERSION 1", Speech.PROBE_ANSWER), ":a!u@h NOTICE b :\x01VERSION 1\x01"),
    (events.Joined("#r", A), ":a!u@h JOIN #r"),
    (events.Parted("#r", A), ":a!u@h PART #r"),
    (events.Parted("#r", A, "why"), ":a!u@h PART #r :why"),
    (events.RoomRenamed("#r", "#s", A, "why", TIME), ":a!u@h RENAME #r #s :why"),
    (events.RoomRenamed("#r", "#s", A, "", TIME), ":a!u@h RENAME #r #s :"),
    (events.Kicked("#r", A, B), ":b!v@i KICK #r a :b"),
    (events.Kicked("#r", A, B, "why"), ":b!v@i KICK #r a :why"),
    (events.HostChanged(A, A, B), ":a!u@h QUIT :Changing host"),
    (events.HostShown("#r", A, 0, "", (2,)), ":a!u@h JOIN #r"),
    (events.Left(A), ":a!u@h QUIT :Quit: "),
    (events.Left(A, "too slow"), ":a!u@h QUIT :too slow"),
    (events.Renamed(A, person(1, "c", "u", "h")), ":a!u@h NICK c"),
    (events.TopicChanged("#r", A, "topic", TIME), ":a!u@h TOPIC #r :topic"),
    (events.TopicChanged("#r", A, "", TIME), ":a!u@h TOPIC #r :"),
    (events.RoleChanged("#r", A, B, True), ":b!v@i MODE #r +o a"),
    (events.RoleChanged("#r", A, B, False), ":b!v@i MODE #r -o a"),
    (events.RoleChanged("#r", A, B, True, "voice"), ":b!v@i MODE #r +v a"),
    (events.RoleChanged("#r", A, B, False, "founder"), ":b!v@i MODE #r -q a"),
    (events.SettingChanged("#r", A, "key", "sesame"), ":a!u@h MODE #r +k sesame"),
    (events.SettingChanged("#r", A, "key", ""), ":a!u@h MODE #r -k *"),
    (events.SettingChanged("#r", A, "limit", "5"), ":a!u@h MODE #r +l 5"),
    (events.SettingChanged("#r", A, "limit", ""), ":a!u@h MODE #r -l"),
    (events.MaskChanged("#r", A, "exception", "x!*@*", True, TIME), ":a!u@h MODE #r +e x!*@*"),
    (events.MaskChanged("#r", A, "guest", "x!*@*", False, TIME), ":a!u@h MODE #r -I x!*@*"),
    (events.BanChanged("#r", A, "~realname:x*", True, TIME), ":a!u@h MODE #r +b r:x*"),
    (events.MuteChanged("#r", A, "~realname:x*", True, TIME), ":a!u@h MODE #r +b m:r:x*"),
    (events.Confided("#r", A, "psst", "operator", (1,)), ":a!u@h PRIVMSG @#r :psst"),
    (events.Invited("#r", A, B, True), ":b!v@i INVITE a #r"),
    (events.Knocked("#r", A, "", (2,), TIME), ":s 710 #r #r a!u@h :has asked for an invite."),
    (events.Knocked("#r", A, "why", (2,), TIME), ":s 710 #r #r a!u@h :has asked for an invite: why"),
    (events.FlagChanged("#r", A, "no-outsiders", True), ":a!u@h MODE #r +n"),
    (events.FlagChanged("#r", A, "topic-locked", False), ":a!u@h MODE #r -t"),
    (events.BanChanged("#r", A, "x!*@*", True, TIME), ":a!u@h MODE #r +b x!*@*"),
    (events.BanChanged("#r", A, "x!*@*", False, TIME), ":a!u@h MODE #r -b x!*@*"),
    (events.MuteChanged("#r", A, "x!*@*", True, TIME), ":a!u@h MODE #r +b m:x!*@*"),
    (events.MuteChanged("#r", A, "x!*@*", False, TIME), ":a!u@h MODE #r -b m:x!*@*"),
    (events.Came(A, (1,)), ":s 730 * :a!u@h"),
    (events.Went(A, (1,)), ":s 731 * :a"),
    (events.Announced(A, "hear", (1, 2)), ":a!u@h WALLOPS :hear"),
    (events.Killed(B, A, "spam"), ":a!u@h KILL b :spam"),
    (events.Erased("#r", A, (1,)), ":s NOTICE #r :a erased 1 message"),
    (events.Erased("#r", A, (1, 2), "spam"), ":s NOTICE #r :a erased 2 messages: spam"),
    (events.Retracted(B, A, 1), ":s NOTICE b :a took back a private message"),
]  # fmt: skip

UNTOLD = [
    events.Attached(A, 2, 3),
    events.Detached(A, 2),
    events.RoomRegistered("#r", "a"),
    events.RoomAccessChanged("#r", "a", "voice", True),
    events.AccountMade("a", "v", 1),
    events.ReadUpTo("a", "#r", 1),
    events.ReadHere(A, "#r", 1),
    events.AccountPasswordChanged("a", "v", 1),
    events.AccountRemoved("a", 1),
    events.TokenMade("a", "d", ("#r",), ("post",), 1),
    events.TokenRevoked("a", 1),
    events.PostedOnce("d", "k", "f", "#r", 1),
    events.AccountMetadataChanged("a", A, "k", "v"),
    events.RoomMetadataChanged("#r", A, "k", "v"),
    events.MetadataChanged(A, "k", "v"),
    events.MetadataShown("#r", 0, A, "k", "v", (1,)),
    events.Subscribed(A, ("k",), True),
    events.Synced(A, "#r", 1),
    events.LoggedIn(A, A),
    events.LoggedOut(A, A),
    events.NodeStarted("1"),
    events.Entered(A, TIME),
    events.AwayChanged(A, "x"),
    events.RealnameChanged(A, A),
    events.InviteShown("#r", B, A),
    events.Watched(A, ("b",), True),
    events.Noticed(A, events.AwayChanged(A, "x"), (1,)),
    events.RoomOpened("#r", TIME),
    events.RoomClosed("#r"),
    events.Spoke("#r", A, TIME),
    events.PersonFlagChanged(A, "bot", True),
    events.AccountStays("a", True),
    events.DeviceSeen("a", "u", 5, ("#r",)),
    events.StayChanged("a", A, (("#r", 1),)),
    events.OwnerClaimed(A),
    events.OwnerResigned(A),
    events.ServerBanChanged(A, "m", True, 0),
    events.Overruled(A, events.FlagChanged("#r", A, "secret", True)),
    events.ClaimFailed(A, "x"),
    events.ConfigurationRead(A, ("motd",)),
]


def encoder(held: int) -> CapabilityEncoder:
    return CapabilityEncoder("s", Ids([(1, "e")]), held)


def told(event: AnyEvent, held: int = 0) -> str:
    return encoder(held).encode(Record(7, TIME, event)).decode()


@pytest.mark.parametrize(("event", "line"), LINES)
def test_lines(event, line):
    said = isinstance(event, events.Said | events.Whispered | events.Confided)
    assert told(event) == line + "\r\n"
    assert told(event, SERVER_TIME) == f"@time={STAMP} {line}\r\n"
    assert told(event, MESSAGE_TAGS) == ("@msgid=e-7 " if said else "") + line + "\r\n"
    both = f"@time={STAMP};msgid=e-7 " if said else f"@time={STAMP} "
    assert told(event, SERVER_TIME | MESSAGE_TAGS) == both + line + "\r\n"


@pytest.mark.parametrize("event", UNTOLD)
def test_what_irc_has_no_word_for(event):
    assert told(event, SERVER_TIME | MESSAGE_TAGS) == ""


SIGNALS = [
    (events.Signalled("#r", A, (("+typing", "active"), ("+x", ""))), "+typing=active;+x", "#r"),
    (events.SignalledTo(B, A, (("+a", "b;c"),)), "+a=b\\:c", "b"),
    (events.SignalledTo(B, A, ()), "", "b"),
    (events.SignalledToRole("#r", A, "voice", (1,), (("+x", ""),)), "+x", "+#r"),
    (events.Reacted("#r", A, 5, "b", "lol", True, (("+draft/react", "lol"),)), "+draft/react=lol", "#r"),
    (events.ReactedTo(B, A, 5, "b", "lol", True, (("+draft/react", "lol"),)), "+draft/react=lol", "b"),
]


@pytest.mark.parametrize(("event", "tags", "target"), SIGNALS)
def test_signals_are_for_who_has_tags(event, tags, target):
    assert told(event) == ""
    assert told(event, SERVER_TIME) == ""
    tags = f"msgid=e-7{';' if tags else ''}{tags}"
    assert told(event, MESSAGE_TAGS) == f"@{tags} :a!u@h TAGMSG {target}\r\n"
    assert told(event, MESSAGE_TAGS | SERVER_TIME) == f"@time={STAMP};{tags} :a!u@h TAGMSG {target}\r\n"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (events.MetadataShown("#r", 0, A, "url", "a b", (1,)), ":a!u@h METADATA #r url * :a b"),
        (events.MetadataShown("b", 2, None, "url", "", (1,)), ":s METADATA b url * :"),
        (events.MetadataShown("b", 2, B, "url", None, (1,)), ":b!v@i METADATA b url *"),
    ],
)
def test_metadata_is_for_who_asked_for_it(event, line):
    assert told(event) == ""
    assert told(event, METADATA) == line + "\r\n"
    assert told(event, METADATA | SERVER_TIME) == f"@time={STAMP} {line}\r\n"


def test_the_longest_metadata_fits_a_line():
    longest = person(1, "ы" * 32, "u" * 12, "f" * 45)
    room, key, value = "#" + "ы" * 49 + "x", "k" * KEY_BYTES, "v" * VALUE_BYTES
    line = told(events.MetadataShown(room, 0, longest, key, value, (1,)), METADATA)
    assert line.endswith(f" {key} * :{value}\r\n")
    assert len(line.encode()) <= LINE_BYTES


def test_a_senders_tags_stand_behind_the_servers_on_the_first_line():
    event = events.Said("#r", A, "x" * 600, tags=(("+reply", "e-1"),))
    assert told(event).count("@") == 2
    first, second, _ = told(event, MESSAGE_TAGS | SERVER_TIME).split("\r\n")
    assert first.startswith(f"@time={STAMP};msgid=e-7;+reply=e-1 :a!u@h PRIVMSG #r :x")
    assert second.startswith(f"@time={STAMP} :a!u@h PRIVMSG #r :x")
    assert told(events.Said("#r", A, "hi", tags=event.tags), MESSAGE_TAGS) == (
        "@msgid=e-7;+reply=e-1 :a!u@h PRIVMSG #r :hi\r\n"
    )


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (lambda one, other: events.Kicked("#r", one, other), "KICK #r a :b"),
        (lambda one, other: events.RoleChanged("#r", one, other, True), "MODE #r +o a"),
    ],
)
def test_the_account_is_that_of_whoever_did_it_in_the_history_too(event, line):
    one, other = person(1, "a", "u", "h", account="hers"), person(2, "b", "v", "i", account="his")
    record = Record(7, TIME, event(one, other))
    held = encoder(ACCOUNT_TAG)
    assert held.encode(record).decode() == f"@account=his :b!v@i {line}\r\n"
    assert held.past(record, "h0").decode() == f"@batch=h0;account=his :b!v@i {line}\r\n"


def test_no_event_is_forgotten():
    signals = {type(event) for event, _, _ in SIGNALS}
    assert signals | {type(event) for event, _ in LINES} | {type(event) for event in UNTOLD} == set(
        get_args(AnyEvent)
    )


def test_times_and_ids_go_on():
    both = encoder(SERVER_TIME | MESSAGE_TAGS)
    for number, time, stamp in (
        (1, TIME, "123"),
        (2, TIME + 500, "123"),
        (3, TIME + 1000, "124"),
        (4, TIME, "123"),
    ):
        line = both.encode(Record(number, time, events.Said("#r", A, "hi"))).decode()
        assert line == f"@time=2023-11-14T22:13:20.{stamp}Z;msgid=e-{number} :a!u@h PRIVMSG #r :hi\r\n"


@pytest.mark.parametrize("speech", list(Speech))
@pytest.mark.parametrize("text", ["x" * 2000, "ж" * 2000, "слово " * 500, "👩‍👩‍👧" * 100])
def test_a_long_text_arrives_whole_in_lines_that_fit(speech, text):
    raw = told(events.Said("#" + "r" * 63, person(1, "n" * 32, "u" * 12, "h" * 63), text, speech))
    lines = [parse(line.encode()) for line in raw.split("\r\n")[:-1]]
    assert all(isinstance(line, Message) for line in lines)
    assert all(len(line.encode()) <= 510 for line in raw.split("\r\n"))
    assert (
        "".join(
            line.params[1].strip("\x01").removeprefix("ACTION ")
            for line in lines
            if isinstance(line, Message)
        )
        == text
    )


@pytest.mark.parametrize("text", ["a\nQUIT", "a\r\nQUIT", "a\rQUIT", "a\0QUIT"])
def test_no_text_breaks_out_of_its_line(text):
    lines = told(events.Whispered(B, A, text)).split("\r\n")
    assert lines == [":a!u@h PRIVMSG b :a", ":a!u@h PRIVMSG b :QUIT", ""]
    for event in (
        events.TopicChanged("#r", A, text, TIME),
        events.Left(A, text),
        events.Parted("#r", A, text),
    ):
        assert told(event).count("\n") == 1
        assert told(event).count("\r") == 1


def test_the_memory_of_heads_is_bounded(monkeypatch):
    monkeypatch.setattr("asyncchat.dialects.irc.encoder.MOST_REMEMBERED", 3)
    plain = encoder(0)
    for number in range(10):
        who = person(number, f"n{number}", "u", "h")
        line = plain.encode(Record(1, TIME, events.Said(f"#{number}", who, "x")))
        assert line == f":n{number}!u@h PRIVMSG #{number} :x\r\n".encode()
    assert len(plain._heads) <= 3
    assert len(plain._targets) <= 3
