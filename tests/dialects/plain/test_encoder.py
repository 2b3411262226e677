"""Others' events as bytes."""

import msgspec
import pytest

from asyncchat.core.events import Event, Record
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
from asyncchat.core.people import person, renamed
from asyncchat.dialects.plain.encoder import PlainEncoder

ANNA = person(1, "anna", "plain", "h")
BOB = person(2, "bob", "plain", "h")

WIRE: list[tuple[Event, str]] = [
    (Said("#lobby", ANNA, "hi"), "anna: hi\n"),
    (Said("#LOBBY", ANNA, "hi"), "anna: hi\n"),
    (Said("#tea", ANNA, "hi"), "[#tea] anna: hi\n"),
    (Said("#lobby", ANNA, "hi", Speech.NOTICE), "anna: hi\n"),
    (Said("#tea", ANNA, "waves", Speech.ACTION), "[#tea] * anna waves\n"),
    (Said("#lobby", ANNA, "VERSION", Speech.CTCP_QUERY), ""),
    (Said("#lobby", ANNA, "one\ntwo"), "anna: one\nanna: two\n"),
    (Said("#lobby", ANNA, "\x034red\x03\nbob: I am bob"), "anna: red\nanna: bob: I am bob\n"),
    (Said("#lobby", ANNA, "one\rbob: two"), "anna: one bob: two\n"),
    (SaidInPrivate(BOB, ANNA, "psst"), "[private] anna: psst\n"),
    (SaidInPrivate(BOB, ANNA, "PING", Speech.CTCP_QUERY), ""),
    (TagMessageSent("#tea", ANNA, (("+x", "y"),)), ""),
    (Typing("#tea", ANNA, (("+typing", "active"),)), ""),
    (TypingInPrivate(BOB, ANNA, (("+typing", "active"),)), ""),
    (TagMessageSentInPrivate(BOB, ANNA, ()), ""),
    (TagMessageSent("#lobby", ANNA, (("typing", "active"),)), ""),
    (TagMessageSentInPrivate(BOB, ANNA, (("typing", "active"),)), ""),
    (NodeStarted("0.1.0"), ""),
    (Connected(ANNA, 0), ""),
    (Left(ANNA), "anna left chat\n"),
    (Left(ANNA, "too slow"), "anna left chat (too slow)\n"),
    (Left(ANNA, "x\nbob left chat"), "anna left chat (x bob left chat)\n"),
    (Renamed(ANNA, renamed(ANNA, "ann")), "anna is now ann\n"),
    (AwayChanged(ANNA, "lunch"), ""),
    (AwayChanged(ANNA, ""), ""),
    (RealnameChanged(ANNA, ANNA), ""),
    (HostChanged(ANNA, ANNA, BOB), ""),
    (HostShown("#tea", ANNA, 4, "", (1,)), ""),
    (InviteShown("#tea", BOB, ANNA), ""),
    (AcceptChanged(ANNA, BOB), ""),
    (MonitorListChanged(ANNA, ("bob",), True), ""),
    (MonitorOnline(ANNA, (1,)), ""),
    (MonitorOffline(ANNA, (1,)), ""),
    (MonitorChange(ANNA, AwayChanged(ANNA, "x"), (1,)), ""),
    (RoomOpened("#tea", 0), ""),
    (RoomClosed("#tea"), ""),
    (RoomEmpty("#tea", 1), ""),
    (RoomTakenOver("#tea", 1), ""),
    (HistoryHidden("#tea", 1), ""),
    (HistoryReaders("#tea", ("anna",)), ""),
    (RoomRenamed("#tea", "#milk", ANNA, "why", 1), "[#tea] anna renamed the room: #milk (why)\n"),
    (Joined("#lobby", ANNA), "anna is online\n"),
    (Joined("#tea", ANNA, True), "[#tea] anna joined\n"),
    (Parted("#lobby", ANNA), "anna left the lobby\n"),
    (Parted("#tea", ANNA, "bye"), "[#tea] anna left the room (bye)\n"),
    (Kicked("#lobby", ANNA, BOB, "spam"), "anna was removed by bob (spam)\n"),
    (RoleChanged("#tea", ANNA, BOB, True), "[#tea] anna is now an operator (bob)\n"),
    (TopicChanged("#tea", ANNA, "Green", 0), "[#tea] anna set the topic: Green\n"),
    (TopicChanged("#lobby", ANNA, "", 0), "anna removed the topic\n"),
    (
        FlagChanged("#tea", ANNA, "no-outsiders", False),
        "[#tea] anna changed a rule: anyone may speak here, members or not\n",
    ),
    (FlagChanged("#tea", ANNA, "new-rule", True), "[#tea] anna changed a rule: new-rule is on\n"),
    (MaskChanged("#tea", ANNA, "ban", "*!*@h", True, 0), "[#tea] anna banned *!*@h\n"),
    (
        MaskChanged("#tea", ANNA, "ban", "*!*@h", True, 0, 5_400_000_000),
        "[#tea] anna banned *!*@h for 1h30m\n",
    ),
    (MaskChanged("#lobby", ANNA, "mute", "bob!*@*", False, 0), "anna unmuted bob!*@*\n"),
    (RoleChanged("#lobby", ANNA, BOB, False, "voice"), "anna is no longer a voice (bob)\n"),
    (
        SettingChanged("#lobby", ANNA, "limit", "5"),
        "anna changed a rule: at most 5 people may be here\n",
    ),
    (
        SettingChanged("#tea", ANNA, "key", ""),
        "[#tea] anna changed a rule: no key is needed to join\n",
    ),
    (
        MaskChanged("#tea", ANNA, "guest", "bob!*@*", True, 0),
        "[#tea] anna lets bob!*@* in without an invitation\n",
    ),
    (Invited("#tea", BOB, ANNA, True), "anna invites you to #tea: /join #tea\n"),
    (TagMessageSentToRole("#tea", ANNA, "voice", (1,), (("+x", "y"),)), ""),
    (
        Knocked("#tea", ANNA, "please", (1,), 0),
        "[#tea] anna asks for an invitation (/invite anna): please\n",
    ),
    (Spoke("#tea", ANNA, 0), ""),
    (SaidToRole("#tea", ANNA, "psst", "operator", (1,)), "[operators of #tea] anna: psst\n"),
    (SaidToRole("#lobby", ANNA, "a\nb", "voice", ()), "[voices] anna: a\n[voices] anna: b\n"),
    (PersonFlagChanged(ANNA, "bot", True), ""),
    (OperGranted(ANNA), ""),
    (OperResigned(ANNA), ""),
    (AccountMade("anna", "v", 0), ""),
    (AccountPasswordChanged("anna", "v", 0), ""),
    (AccountRemoved("anna", 0), ""),
    (NetworkKnown("anna", "mark"), ""),
    (TokenMade("ci", "d", ("#tea",), ("post",), 0), ""),
    (TokenRevoked("ci", 0), ""),
    (
        Edited(ANNA, 5, "ho", "hi\nyou", room="#tea"),
        "[#tea] anna corrected: hi\n[#tea] anna corrected: you\n",
    ),
    (Edited(ANNA, 5, "wavs", "waves", Speech.ACTION, room="#lobby"), "* anna corrected: waves\n"),
    (EditedInPrivate(ANNA, 5, "ho", "hi", to=BOB), "[private] anna corrected: hi\n"),
    (InviteCodeMade("#tea", 1, "d", 30, 9, "voice", "anna", 5), ""),
    (InviteCodeUsed(1, "bob"), ""),
    (InviteCodeRevoked("#tea", 1, "anna"), ""),
    (FileUploaded("a", ANNA, "image/png", 1, "h", 2, 3, 0), ""),
    (FilesRemoved(("a",)), ""),
    (Forgotten("anna", 3, 1), ""),
    (PostedOnce("d", "k", "f", "#tea", 0), ""),
    (LoggedIn(ANNA, ANNA), ""),
    (RoomRegistered("#tea", "anna"), ""),
    (RoomAccessChanged("#tea", "anna", "voice", True), ""),
    (LoggedOut(ANNA, ANNA), ""),
    (Announced(ANNA, "hear", (1,)), "[server] anna: hear\n"),
    (Killed(BOB, ANNA, "spam"), "anna removed you from the chat (spam)\n"),
    (ServerBanChanged(ANNA, "m", True, 0), ""),
    (OperOverride(ANNA, FlagChanged("#tea", ANNA, "secret", True)), ""),
    (OperRead(ANNA, "history", "#tea", 1), ""),
    (OperFailed(ANNA, "x"), ""),
    (ConfigurationRead(ANNA, ("motd",)), ""),
    (
        Reacted("#tea", ANNA, 5, "bob", "\U0001f44d", True, (), "hi there…"),
        "[#tea] anna reacted \U0001f44d to “bob: hi there…”\n",
    ),
    (Reacted("#lobby", ANNA, 5, "bob", "lol", False), "anna took back lol from a message of bob\n"),
    (
        ReactedTo(BOB, ANNA, 5, "bob", "lol", True, (), "hi"),
        "[private] anna reacted lol to “bob: hi”\n",
    ),
    (ReadUpTo("anna", "#tea", 5), ""),
    (PreferenceChanged("anna", "notify", "#tea", "none"), ""),
    (PushSubscribed("anna", Subscription("https://push.example.org/1", "k", "a")), ""),
    (PushEnded(("https://push.example.org/1",)), ""),
    (GuestPreferenceChanged(ANNA, "notify", "#tea", "none"), ""),
    (AccountMetadataChanged("anna", ANNA, "url", "x"), ""),
    (RoomMetadataChanged("#tea", ANNA, "url", "x"), "[#tea] anna set url to: x\n"),
    (RoomMetadataChanged("#tea", ANNA, "url", None), "[#tea] anna removed url\n"),
    (MetadataChanged(ANNA, "url", "x"), ""),
    (MetadataShown("anna", 1, "url", "x", (1,)), ""),
    (MetadataOnline("anna", (), (1,)), ""),
    (Subscribed(ANNA, ("url",), True), ""),
    (Synced(ANNA, "#tea", 5), ""),
    (ReadHere(ANNA, "#tea", 5), ""),
    (SessionAttached(ANNA, 2, 3), ""),
    (AlwaysOnChanged("anna", True), ""),
    (AutoreplayChanged("anna", False), ""),
    (DeviceLastSeen("anna", "plain", 5), ""),
    (AlwaysOnSaved("anna", ANNA), ""),
    (CertificateAdded("anna", "d", 1), ""),
    (CertificatesRemoved("anna", ("d",)), ""),
    (LoginTokenMade("anna", "d", "phone", 1), ""),
    (LoginTokenUsed("anna", "d", 1, 2), ""),
    (LoginTokensRevoked("anna", ("d",), ((1, 2),)), ""),
    (SessionDetached(ANNA, 2), ""),
    (Pinned("#tea", ANNA, 1, "bob", 2, 3, "hi…"), "[#tea] anna pinned a message of bob: hi…\n"),
    (Pinned("#lobby", ANNA, 1, "bob", 2, 3), "anna pinned a message of bob\n"),
    (Unpinned("#tea", ANNA, 1, "bob"), "[#tea] anna unpinned a message of bob\n"),
    (RedactedInPrivate(BOB, ANNA, 1, "typo"), "[private] anna took back a message (typo)\n"),
    (Erased("#tea", ANNA, (1,), "spam"), "[#tea] anna erased 1 message from the history (spam)\n"),
    (Erased("#lobby", ANNA, (1,)), "anna erased 1 message from the history\n"),
    (Erased("#lobby", ANNA, tuple(range(1500))), "anna erased 1,500 messages from the history\n"),
]


@pytest.mark.parametrize(("event", "text"), WIRE)
def test_wire(event, text):
    record = Record(7, 0, event)
    assert PlainEncoder("\n").encode(record) == text.encode()
    assert PlainEncoder("\r\n").encode(record) == text.replace("\n", "\r\n").encode()


def test_every_event_is_in_the_table():
    assert {type(event) for event, _ in WIRE} == set(EVENTS)


@pytest.mark.parametrize("hostile", ["x\nforged: line", "\x1b[2Jx", "\x07", "\x00", "a\u2028b"])
def test_no_field_of_any_event_forges_a_line(hostile):
    stranger = person(3, "eve", "plain", "h")
    for event, _ in WIRE:
        texts = [name for name in ("text", "reason", "mask") if hasattr(event, name)]
        if event.multiline:
            continue  # their texts may have lines, each with its speaker: see the table
        changed = msgspec.structs.replace(event, **dict.fromkeys(texts, hostile))
        if hasattr(changed, "person"):
            changed = msgspec.structs.replace(changed, person=stranger)
        encoded = PlainEncoder("\n").encode(Record(1, 0, changed)).decode()
        assert encoded.count("\n") <= 1
        assert "\x1b" not in encoded
