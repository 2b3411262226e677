"""The line of each event, and that none is forgotten."""

import msgspec
import pytest

from asyncchat.core.events import Event, Record, Stream
from asyncchat.core.features import EVENTS
from asyncchat.core.features.accept import AcceptChanged
from asyncchat.core.features.accounts import AccountMade, AccountPasswordChanged, AccountRemoved
from asyncchat.core.features.always_on import AlwaysOnChanged, AlwaysOnSaved
from asyncchat.core.features.audit import OperOverride, OperRead
from asyncchat.core.features.autoreplay import AutoreplayChanged
from asyncchat.core.features.away import AwayChanged
from asyncchat.core.features.bots import TokenMade, TokenRevoked
from asyncchat.core.features.certificates import CertificateAdded, CertificatesRemoved
from asyncchat.core.features.edits import Edited, EditedInPrivate
from asyncchat.core.features.empty_rooms import RoomEmpty
from asyncchat.core.features.files import FilesRemoved, FileUploaded
from asyncchat.core.features.forget import Forgotten
from asyncchat.core.features.history_access import HistoryHidden, HistoryReaders, RoomTakenOver
from asyncchat.core.features.host import HostChanged, HostShown
from asyncchat.core.features.invite_codes import InviteCodeMade, InviteCodeRevoked, InviteCodeUsed
from asyncchat.core.features.invites import Invited, InviteShown, Knocked
from asyncchat.core.features.known_networks import NetworkKnown
from asyncchat.core.features.last_seen import DeviceLastSeen
from asyncchat.core.features.login_tokens import LoginTokenMade, LoginTokensRevoked, LoginTokenUsed
from asyncchat.core.features.messages import (
    Said,
    SaidInPrivate,
    SaidToRole,
    Speech,
    Spoke,
    TagMessageSent,
    TagMessageSentInPrivate,
    TagMessageSentToRole,
    Typing,
    TypingInPrivate,
)
from asyncchat.core.features.metadata.api import (
    AccountMetadataChanged,
    MetadataChanged,
    MetadataOnline,
    MetadataShown,
    RoomMetadataChanged,
    Subscribed,
    Synced,
)
from asyncchat.core.features.metadata.state import KEY_BYTES, VALUE_BYTES
from asyncchat.core.features.monitor import MonitorChange, MonitorListChanged, MonitorOffline, MonitorOnline
from asyncchat.core.features.opers import Announced, OperFailed, OperGranted, OperResigned
from asyncchat.core.features.pins import Pinned, Unpinned
from asyncchat.core.features.post_keys import PostedOnce
from asyncchat.core.features.preferences import GuestPreferenceChanged, PreferenceChanged
from asyncchat.core.features.presence import (
    Connected,
    Left,
    LoggedIn,
    LoggedOut,
    NodeStarted,
    RealnameChanged,
    Renamed,
    SessionAttached,
    SessionDetached,
)
from asyncchat.core.features.reactions import Reacted, ReactedTo
from asyncchat.core.features.read_markers import ReadHere, ReadUpTo
from asyncchat.core.features.redaction import Erased, RedactedInPrivate
from asyncchat.core.features.rename import RoomRenamed
from asyncchat.core.features.room_modes import (
    FlagChanged,
    MaskChanged,
    RoleChanged,
    SettingChanged,
)
from asyncchat.core.features.room_registration import RoomAccessChanged, RoomRegistered
from asyncchat.core.features.rooms import Joined, Kicked, Parted, RoomClosed, RoomOpened
from asyncchat.core.features.server import ConfigurationRead
from asyncchat.core.features.server_bans import Killed, ServerBanChanged
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.features.user_modes import PersonFlagChanged
from asyncchat.core.features.webpush import PushEnded, PushSubscribed, Subscription
from asyncchat.core.ids import Ids
from asyncchat.core.people import person
from asyncchat.dialects.irc import capabilities, speech
from asyncchat.dialects.irc.capabilities import ACCOUNT_TAG, MESSAGE_TAGS, MULTILINE, SERVER_TIME
from asyncchat.dialects.irc.encoder import CapabilityEncoder
from asyncchat.dialects.irc.features import redaction
from asyncchat.dialects.irc.features.metadata import METADATA
from asyncchat.dialects.irc.features.redaction import MESSAGE_REDACTION
from asyncchat.dialects.irc.tokens import LINE_BYTES, Message, parse

A = person(1, "a", "u", "h", "real")
B = person(2, "b", "v", "i")
TIME = 1_700_000_000_123_456
STAMP = "2023-11-14T22:13:20.123Z"

LINES = [
    (Said("#r", A, "hi"), ":a!u@h PRIVMSG #r :hi"),
    (Said("#r", A, "hi", Speech.NOTICE), ":a!u@h NOTICE #r :hi"),
    (Said("#r", A, "waves", Speech.ACTION), ":a!u@h PRIVMSG #r :\x01ACTION waves\x01"),
    (SaidInPrivate(B, A, "hi"), ":a!u@h PRIVMSG b :hi"),
    (SaidInPrivate(B, A, "VERSION", Speech.CTCP_QUERY), ":a!u@h PRIVMSG b :\x01VERSION\x01"),
    (SaidInPrivate(B, A, "VERSION 1", Speech.CTCP_REPLY), ":a!u@h NOTICE b :\x01VERSION 1\x01"),
    (Edited(A, 5, "ho", "hi", room="#r"), ":a!u@h PRIVMSG #r :corrected: hi"),
    (EditedInPrivate(A, 5, "ho", "hi", to=B), ":a!u@h PRIVMSG b :corrected: hi"),
    (Joined("#r", A), ":a!u@h JOIN #r"),
    (Parted("#r", A), ":a!u@h PART #r"),
    (Parted("#r", A, "why"), ":a!u@h PART #r :why"),
    (RoomRenamed("#r", "#s", A, "why", TIME), ":a!u@h RENAME #r #s :why"),
    (RoomRenamed("#r", "#s", A, "", TIME), ":a!u@h RENAME #r #s :"),
    (Kicked("#r", A, B), ":b!v@i KICK #r a :b"),
    (Kicked("#r", A, B, "why"), ":b!v@i KICK #r a :why"),
    (HostChanged(A, A, B), ":a!u@h QUIT :Changing host"),
    (HostShown("#r", A, 0, "", (2,)), ":a!u@h JOIN #r"),
    (Left(A), ":a!u@h QUIT :Quit"),
    (Left(A, "too slow"), ":a!u@h QUIT :too slow"),
    (Renamed(A, person(1, "c", "u", "h")), ":a!u@h NICK c"),
    (TopicChanged("#r", A, "topic", TIME), ":a!u@h TOPIC #r :topic"),
    (TopicChanged("#r", A, "", TIME), ":a!u@h TOPIC #r :"),
    (RoleChanged("#r", A, B, True), ":b!v@i MODE #r +o a"),
    (RoleChanged("#r", A, B, False), ":b!v@i MODE #r -o a"),
    (RoleChanged("#r", A, B, True, "voice"), ":b!v@i MODE #r +v a"),
    (RoleChanged("#r", A, B, False, "founder"), ":b!v@i MODE #r -q a"),
    (SettingChanged("#r", A, "key", "sesame"), ":a!u@h MODE #r +k sesame"),
    (SettingChanged("#r", A, "key", ""), ":a!u@h MODE #r -k *"),
    (SettingChanged("#r", A, "limit", "5"), ":a!u@h MODE #r +l 5"),
    (SettingChanged("#r", A, "limit", ""), ":a!u@h MODE #r -l"),
    (MaskChanged("#r", A, "exception", "x!*@*", True, TIME), ":a!u@h MODE #r +e x!*@*"),
    (MaskChanged("#r", A, "guest", "x!*@*", False, TIME), ":a!u@h MODE #r -I x!*@*"),
    (MaskChanged("#r", A, "ban", "~realname:x*", True, TIME), ":a!u@h MODE #r +b r:x*"),
    (MaskChanged("#r", A, "mute", "~realname:x*", True, TIME), ":a!u@h MODE #r +b m:r:x*"),
    (SaidToRole("#r", A, "psst", "operator", (1,)), ":a!u@h PRIVMSG @#r :psst"),
    (Invited("#r", A, B, True), ":b!v@i INVITE a #r"),
    (Knocked("#r", A, "", (2,), TIME), ":s 710 #r #r a!u@h :has asked for an invite."),
    (Knocked("#r", A, "why", (2,), TIME), ":s 710 #r #r a!u@h :has asked for an invite: why"),
    (FlagChanged("#r", A, "no-outsiders", True), ":a!u@h MODE #r +n"),
    (FlagChanged("#r", A, "topic-locked", False), ":a!u@h MODE #r -t"),
    (MaskChanged("#r", A, "ban", "x!*@*", True, TIME), ":a!u@h MODE #r +b x!*@*"),
    (MaskChanged("#r", A, "ban", "x!*@*", False, TIME), ":a!u@h MODE #r -b x!*@*"),
    (MaskChanged("#r", A, "mute", "x!*@*", True, TIME), ":a!u@h MODE #r +b m:x!*@*"),
    (MaskChanged("#r", A, "mute", "x!*@*", False, TIME), ":a!u@h MODE #r -b m:x!*@*"),
    (MonitorOnline(A, (1,)), ":s 730 * :a!u@h"),
    (MonitorOffline(A, (1,)), ":s 731 * :a"),
    (Announced(A, "hear", (1, 2)), ":a!u@h WALLOPS :hear"),
    (Killed(B, A, "spam"), ":a!u@h KILL b :spam"),
    (Erased("#r", A, (1,)), ":s NOTICE #r :a erased 1 message"),
    (Erased("#r", A, (1, 2), "spam"), ":s NOTICE #r :a erased 2 messages: spam"),
    (RedactedInPrivate(B, A, 1), ":s NOTICE b :a took back a private message"),
]  # fmt: skip

UNTOLD = [
    SessionAttached(A, 2, 3),
    SessionDetached(A, 2),
    RoomRegistered("#r", "a"),
    RoomAccessChanged("#r", "a", "voice", True),
    AccountMade("a", "v", 1),
    ReadUpTo("a", "#r", 1),
    PreferenceChanged("a", "notify", "#r", "none"),
    GuestPreferenceChanged(A, "notify", "#r", "none"),
    ReadHere(A, "#r", 1),
    AccountPasswordChanged("a", "v", 1),
    AccountRemoved("a", 1),
    NetworkKnown("a", "mark"),
    TokenMade("a", "d", ("#r",), ("post",), 1),
    TokenRevoked("a", 1),
    InviteCodeMade("#r", 1, "d", 30, 9, "voice", "a", 5),
    InviteCodeUsed(1, "b"),
    InviteCodeRevoked("#r", 1, "a"),
    FileUploaded("a", A, "image/png", 1, "h", 2, 3, TIME),
    FilesRemoved(("a",)),
    Forgotten("anna", 3, 1),
    PostedOnce("d", "k", "f", "#r", 1),
    AccountMetadataChanged("a", A, "k", "v"),
    RoomMetadataChanged("#r", A, "k", "v"),
    MetadataChanged(A, "k", "v"),
    MetadataShown("#r", 0, "k", "v", (1,)),
    MetadataOnline("b", (("k", "v"),), (1,)),
    Subscribed(A, ("k",), True),
    Synced(A, "#r", 1),
    LoggedIn(A, A),
    LoggedOut(A, A),
    NodeStarted("1"),
    Connected(A, TIME),
    AwayChanged(A, "x"),
    RealnameChanged(A, A),
    InviteShown("#r", B, A),
    AcceptChanged(A, B),
    MonitorListChanged(A, ("b",), True),
    MonitorChange(A, AwayChanged(A, "x"), (1,)),
    RoomOpened("#r", TIME),
    RoomClosed("#r"),
    RoomEmpty("#r", 1),
    RoomTakenOver("#r", 1),
    HistoryHidden("#r", 1),
    HistoryReaders("#r", ("a",)),
    Spoke("#r", A, TIME),
    PersonFlagChanged(A, "bot", True),
    AlwaysOnChanged("a", True),
    AutoreplayChanged("a", False),
    DeviceLastSeen("a", "u", 5, ("#r",)),
    AlwaysOnSaved("a", A, (("#r", 1),)),
    CertificateAdded("a", "d", 1),
    CertificatesRemoved("a", ("d",)),
    LoginTokenMade("a", "d", "phone", 1),
    LoginTokenUsed("a", "d", 1, 2),
    LoginTokensRevoked("a", ("d",), ((1, 2),)),
    PushSubscribed("a", Subscription("https://push.example/1", "k", "s")),
    PushEnded(("https://push.example/1",)),
    OperGranted(A),
    OperResigned(A),
    ServerBanChanged(A, "m", True, 0),
    OperOverride(A, FlagChanged("#r", A, "secret", True)),
    OperRead(A, "history", "#r", 1),
    OperFailed(A, "x"),
    ConfigurationRead(A, ("motd",)),
]


def encoder(held: int) -> CapabilityEncoder:
    return CapabilityEncoder("s", Ids([(1, "e")]), held)


def told(event: Event, held: int = 0) -> str:
    return encoder(held).encode(Record(7, TIME, event)).decode()


@pytest.mark.parametrize(("event", "line"), LINES)
def test_lines(event, line):
    # message-ids: what the history gives again has its id from the beginning.
    said = isinstance(event, Said | SaidToRole) or event.stream is not Stream.NONE
    assert told(event) == line + "\r\n"
    assert told(event, SERVER_TIME) == f"@time={STAMP} {line}\r\n"
    assert told(event, MESSAGE_TAGS) == ("@msgid=e-7 " if said else "") + line + "\r\n"
    both = f"@time={STAMP};msgid=e-7 " if said else f"@time={STAMP} "
    assert told(event, SERVER_TIME | MESSAGE_TAGS) == both + line + "\r\n"


@pytest.mark.parametrize("event", UNTOLD)
def test_what_irc_has_no_word_for(event):
    assert told(event, SERVER_TIME | MESSAGE_TAGS) == ""


PINS = [
    (Pinned("#r", A, 5, "b", 1, 2, "hi"), "pin=e-5", ":s NOTICE #r :a pinned a message of b: hi"),
    (Pinned("#r", A, 5, "b", 1, 2), "pin=e-5", ":s NOTICE #r :a pinned a message of b"),
    (Unpinned("#r", A, 5, "b"), "unpin=e-5", ":s NOTICE #r :a unpinned a message of b"),
]


@pytest.mark.parametrize(("event", "tag", "line"), PINS)
def test_a_pin_is_a_notice_with_the_messages_id_for_programs(event, tag, line):
    assert told(event) == line + "\r\n"
    assert told(event, SERVER_TIME) == f"@time={STAMP} {line}\r\n"
    assert told(event, MESSAGE_TAGS) == f"@asyncchat/{tag};msgid=e-7 {line}\r\n"
    assert told(event, MESSAGE_TAGS | SERVER_TIME) == f"@asyncchat/{tag};time={STAMP};msgid=e-7 {line}\r\n"


SIGNALS = [
    (TagMessageSent("#r", A, (("+typing", "active"), ("+x", ""))), "+typing=active;+x", "#r"),
    (Typing("#r", A, (("+typing", "active"),)), "+typing=active", "#r"),
    (TypingInPrivate(B, A, (("+typing", "done"),)), "+typing=done", "b"),
    (TagMessageSentInPrivate(B, A, (("+a", "b;c"),)), "+a=b\\:c", "b"),
    (TagMessageSentInPrivate(B, A, ()), "", "b"),
    (TagMessageSentToRole("#r", A, "voice", (1,), (("+x", ""),)), "+x", "+#r"),
    (Reacted("#r", A, 5, "b", "lol", True, (("+draft/react", "lol"),)), "+draft/react=lol", "#r"),
    (ReactedTo(B, A, 5, "b", "lol", True, (("+draft/react", "lol"),)), "+draft/react=lol", "b"),
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
        (MetadataShown("#r", 0, "url", "a b", (1,)), ":s 761 * #r url * :a b"),
        (MetadataShown("b", 2, "url", None, (1,)), ":s 766 * b url :key not set"),
        (
            MetadataOnline("b", (("url", "x"),), (1,)),
            ":s BATCH +o7 metadata b\r\n@batch=o7 :s 761 * b url * :x\r\n:s BATCH -o7",
        ),
    ],
)
def test_metadata_is_for_who_asked_for_it(event, line):
    assert told(event) == ""
    assert told(event, METADATA) == line + "\r\n"
    assert told(event, METADATA | SERVER_TIME) == f"@time={STAMP} {line}\r\n"


def test_the_longest_metadata_fits_a_line():
    room, key, value = "#" + "ы" * 49 + "x", "k" * KEY_BYTES, "v" * VALUE_BYTES
    line = told(MetadataShown(room, 0, key, value, (1,)), METADATA)
    assert line.endswith(f" {key} * :{value}\r\n")
    assert len(line.encode()) <= LINE_BYTES


def test_a_senders_tags_stand_behind_the_servers_on_each_line():
    """The id is on the first alone (multiline, "Fallback" and "Message ids"); long tags are too."""
    event = Said("#r", A, "x" * 600, tags=(("+reply", "e-1"),))
    assert told(event).count("@") == 2
    first, second, _ = told(event, MESSAGE_TAGS | SERVER_TIME).split("\r\n")
    assert first.startswith(f"@time={STAMP};msgid=e-7;+reply=e-1 :a!u@h PRIVMSG #r :x")
    assert second.startswith(f"@time={STAMP};+reply=e-1 :a!u@h PRIVMSG #r :x")
    long = Said("#r", A, "x" * 600, tags=(("+x", "y" * 600),))
    assert [line.count("+x=") for line in told(long, MESSAGE_TAGS).split("\r\n")] == [1, 0, 0]
    assert told(Said("#r", A, "hi", tags=event.tags), MESSAGE_TAGS) == (
        "@msgid=e-7;+reply=e-1 :a!u@h PRIVMSG #r :hi\r\n"
    )


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (lambda one, other: Kicked("#r", one, other), "KICK #r a :b"),
        (lambda one, other: RoleChanged("#r", one, other, True), "MODE #r +o a"),
    ],
)
def test_the_account_is_that_of_whoever_did_it_in_the_history_too(event, line):
    one, other = person(1, "a", "u", "h", account="hers"), person(2, "b", "v", "i", account="his")
    record = Record(7, TIME, event(one, other))
    held = encoder(ACCOUNT_TAG)
    assert held.encode(record).decode() == f"@account=his :b!v@i {line}\r\n"
    assert held.past(record, "h0").decode() == f"@batch=h0;account=his :b!v@i {line}\r\n"


def test_no_event_is_forgotten():
    signals = {type(event) for event, _, _ in (*SIGNALS, *PINS)}
    assert signals | {type(event) for event, _ in LINES} | {type(event) for event in UNTOLD} == set(EVENTS)


def test_times_and_ids_go_on():
    both = encoder(SERVER_TIME | MESSAGE_TAGS)
    for number, time, stamp in (
        (1, TIME, "123"),
        (2, TIME + 500, "123"),
        (3, TIME + 1000, "124"),
        (4, TIME, "123"),
    ):
        line = both.encode(Record(number, time, Said("#r", A, "hi"))).decode()
        assert line == f"@time=2023-11-14T22:13:20.{stamp}Z;msgid=e-{number} :a!u@h PRIVMSG #r :hi\r\n"


@pytest.mark.parametrize("speech", list(Speech))
@pytest.mark.parametrize("text", ["x" * 2000, "ж" * 2000, "слово " * 500, "👩‍👩‍👧" * 100])
def test_a_long_text_arrives_whole_in_lines_that_fit(speech, text):
    raw = told(Said("#" + "r" * 63, person(1, "n" * 32, "u" * 12, "h" * 63), text, speech))
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
    lines = told(SaidInPrivate(B, A, text)).split("\r\n")
    assert lines == [":a!u@h PRIVMSG b :a", ":a!u@h PRIVMSG b :QUIT", ""]
    for event in (
        TopicChanged("#r", A, text, TIME),
        Left(A, text),
        Parted("#r", A, text),
    ):
        assert told(event).count("\n") == 1
        assert told(event).count("\r") == 1


def test_the_memory_of_heads_is_bounded(monkeypatch):
    monkeypatch.setattr("asyncchat.dialects.irc.encoder.MOST_REMEMBERED", 3)
    plain = encoder(0)
    for number in range(10):
        who = person(number, f"n{number}", "u", "h")
        line = plain.encode(Record(1, TIME, Said(f"#{number}", who, "x")))
        assert line == f":n{number}!u@h PRIVMSG #{number} :x\r\n".encode()
    assert len(plain._heads) <= 3
    assert len(plain._targets) <= 3


@pytest.mark.parametrize(
    ("event", "work"),
    [
        (Said("#tea", A, "e\u0301" * 2700), "cut"),
        (Said("#tea", A, "one\ntwo\n" * 50, Speech.NOTICE), "cut"),
        (SaidInPrivate(B, A, "word " * 1000), "cut"),
        (Erased("#tea", A, tuple(range(1, 500))), "line"),
    ],
)
def test_what_is_long_is_made_once_for_all_sets_of_capabilities(monkeypatch, event, work):
    """Each of sixty sessions in a room can have another set, and all are told in one turn of the loop."""
    calls = 0
    module = speech if work == "cut" else redaction
    real = getattr(module, work)

    def counted(*args):
        nonlocal calls
        calls += 1
        return real(*args)

    monkeypatch.setattr(module, work, counted)
    ids, changing = Ids([(1, "e")]), capabilities.changing()
    sets = {changing & number | MESSAGE_REDACTION for number in range(0, changing, changing // 200)}
    told = {caps: CapabilityEncoder("s", ids, caps).encode(Record(9, 0, event)) for caps in sets}
    assert len(told) > 50
    assert len(set(told.values())) >= 2
    all_at_once, calls = calls, 0
    other = msgspec.structs.replace(event, person=person(3, "c", "w", "j"))
    for caps in (MESSAGE_REDACTION, MESSAGE_REDACTION | MULTILINE):
        CapabilityEncoder("s", ids, caps).encode(Record(9, 0, other))
    assert 0 < all_at_once <= calls
