"""Others' events as bytes."""

import msgspec
import pytest

from asyncchat.core import events
from asyncchat.core.events import AnyEvent, Record, Speech
from asyncchat.core.people import person, renamed
from asyncchat.dialects.plain.encoder import PlainEncoder

ANNA = person(1, "anna", "plain", "h")
BOB = person(2, "bob", "plain", "h")

WIRE: list[tuple[AnyEvent, str]] = [
    (events.Said("#lobby", ANNA, "hi"), "anna: hi\n"),
    (events.Said("#LOBBY", ANNA, "hi"), "anna: hi\n"),
    (events.Said("#tea", ANNA, "hi"), "[#tea] anna: hi\n"),
    (events.Said("#lobby", ANNA, "hi", Speech.NOTICE), "anna: hi\n"),
    (events.Said("#tea", ANNA, "waves", Speech.ACTION), "[#tea] * anna waves\n"),
    (events.Said("#lobby", ANNA, "VERSION", Speech.PROBE), ""),
    (events.Said("#lobby", ANNA, "one\ntwo"), "anna: one\nanna: two\n"),
    (events.Said("#lobby", ANNA, "\x034red\x03\nbob: I am bob"), "anna: red\nanna: bob: I am bob\n"),
    (events.Said("#lobby", ANNA, "one\rbob: two"), "anna: one bob: two\n"),
    (events.Whispered(BOB, ANNA, "psst"), "[private] anna: psst\n"),
    (events.Whispered(BOB, ANNA, "PING", Speech.PROBE), ""),
    (events.Signalled("#tea", ANNA, (("typing", "active"),)), ""),
    (events.SignalledTo(BOB, ANNA, ()), ""),
    (events.Signalled("#lobby", ANNA, (("typing", "active"),)), ""),
    (events.SignalledTo(BOB, ANNA, (("typing", "active"),)), ""),
    (events.NodeStarted("0.1.0"), ""),
    (events.Entered(ANNA, 0), ""),
    (events.Left(ANNA), "anna left chat\n"),
    (events.Left(ANNA, "too slow"), "anna left chat (too slow)\n"),
    (events.Left(ANNA, "x\nbob left chat"), "anna left chat (x bob left chat)\n"),
    (events.Renamed(ANNA, renamed(ANNA, "ann")), "anna is now ann\n"),
    (events.AwayChanged(ANNA, "lunch"), ""),
    (events.AwayChanged(ANNA, ""), ""),
    (events.RealnameChanged(ANNA, ANNA), ""),
    (events.HostChanged(ANNA, ANNA, BOB), ""),
    (events.HostShown("#tea", ANNA, 4, "", (1,)), ""),
    (events.InviteShown("#tea", BOB, ANNA), ""),
    (events.Watched(ANNA, ("bob",), True), ""),
    (events.Came(ANNA, (1,)), ""),
    (events.Went(ANNA, (1,)), ""),
    (events.Noticed(ANNA, events.AwayChanged(ANNA, "x"), (1,)), ""),
    (events.RoomOpened("#tea", 0), ""),
    (events.RoomClosed("#tea"), ""),
    (events.RoomRenamed("#tea", "#milk", ANNA, "why", 1), "[#tea] anna renamed the room: #milk (why)\n"),
    (events.Joined("#lobby", ANNA), "anna is online\n"),
    (events.Joined("#tea", ANNA, True), "[#tea] anna joined\n"),
    (events.Parted("#lobby", ANNA), "anna left the lobby\n"),
    (events.Parted("#tea", ANNA, "bye"), "[#tea] anna left the room (bye)\n"),
    (events.Kicked("#lobby", ANNA, BOB, "spam"), "anna was removed by bob (spam)\n"),
    (events.RoleChanged("#tea", ANNA, BOB, True), "[#tea] anna is now an operator (bob)\n"),
    (events.TopicChanged("#tea", ANNA, "Green", 0), "[#tea] anna set the topic: Green\n"),
    (events.TopicChanged("#lobby", ANNA, "", 0), "anna removed the topic\n"),
    (
        events.FlagChanged("#tea", ANNA, "no-outsiders", False),
        "[#tea] anna changed a rule: anyone may speak here, members or not\n",
    ),
    (events.FlagChanged("#tea", ANNA, "new-rule", True), "[#tea] anna changed a rule: new-rule is on\n"),
    (events.BanChanged("#tea", ANNA, "*!*@h", True, 0), "[#tea] anna banned *!*@h\n"),
    (
        events.BanChanged("#tea", ANNA, "*!*@h", True, 0, 5_400_000_000),
        "[#tea] anna banned *!*@h for 1h30m\n",
    ),
    (events.MuteChanged("#lobby", ANNA, "bob!*@*", False, 0), "anna unmuted bob!*@*\n"),
    (events.RoleChanged("#lobby", ANNA, BOB, False, "voice"), "anna is no longer a voice (bob)\n"),
    (
        events.SettingChanged("#lobby", ANNA, "limit", "5"),
        "anna changed a rule: at most 5 people may be here\n",
    ),
    (
        events.SettingChanged("#tea", ANNA, "key", ""),
        "[#tea] anna changed a rule: no key is needed to join\n",
    ),
    (
        events.MaskChanged("#tea", ANNA, "guest", "bob!*@*", True, 0),
        "[#tea] anna lets bob!*@* in without an invitation\n",
    ),
    (events.Invited("#tea", BOB, ANNA, True), "anna invites you to #tea: /join #tea\n"),
    (events.SignalledToRole("#tea", ANNA, "voice", (1,), (("+x", "y"),)), ""),
    (
        events.Knocked("#tea", ANNA, "please", (1,), 0),
        "[#tea] anna asks for an invitation (/invite anna): please\n",
    ),
    (events.Spoke("#tea", ANNA, 0), ""),
    (events.Confided("#tea", ANNA, "psst", "operator", (1,)), "[operators of #tea] anna: psst\n"),
    (events.Confided("#lobby", ANNA, "a\nb", "voice", ()), "[voices] anna: a\n[voices] anna: b\n"),
    (events.PersonFlagChanged(ANNA, "bot", True), ""),
    (events.OwnerClaimed(ANNA), ""),
    (events.OwnerResigned(ANNA), ""),
    (events.AccountMade("anna", "v", 0), ""),
    (events.AccountPasswordChanged("anna", "v", 0), ""),
    (events.AccountRemoved("anna", 0), ""),
    (events.TokenMade("ci", "d", ("#tea",), ("post",), 0), ""),
    (events.TokenRevoked("ci", 0), ""),
    (events.PostedOnce("d", "k", "f", "#tea", 0), ""),
    (events.LoggedIn(ANNA, ANNA), ""),
    (events.RoomRegistered("#tea", "anna"), ""),
    (events.RoomAccessChanged("#tea", "anna", "voice", True), ""),
    (events.LoggedOut(ANNA, ANNA), ""),
    (events.Announced(ANNA, "hear", (1,)), "[server] anna: hear\n"),
    (events.Killed(BOB, ANNA, "spam"), "anna removed you from the chat (spam)\n"),
    (events.ServerBanChanged(ANNA, "m", True, 0), ""),
    (events.Overruled(ANNA, events.FlagChanged("#tea", ANNA, "secret", True)), ""),
    (events.ClaimFailed(ANNA, "x"), ""),
    (events.ConfigurationRead(ANNA, ("motd",)), ""),
    (
        events.Reacted("#tea", ANNA, 5, "bob", "\U0001f44d", True, (), "hi there…"),
        "[#tea] anna reacted \U0001f44d to “bob: hi there…”\n",
    ),
    (events.Reacted("#lobby", ANNA, 5, "bob", "lol", False), "anna took back lol from a message of bob\n"),
    (
        events.ReactedTo(BOB, ANNA, 5, "bob", "lol", True, (), "hi"),
        "[private] anna reacted lol to “bob: hi”\n",
    ),
    (events.ReadUpTo("anna", "#tea", 5), ""),
    (events.AccountMetadataChanged("anna", ANNA, "url", "x"), ""),
    (events.RoomMetadataChanged("#tea", ANNA, "url", "x"), "[#tea] anna set url to: x\n"),
    (events.RoomMetadataChanged("#tea", ANNA, "url", None), "[#tea] anna removed url\n"),
    (events.MetadataChanged(ANNA, "url", "x"), ""),
    (events.MetadataShown("anna", 1, ANNA, "url", "x", (1,)), ""),
    (events.Subscribed(ANNA, ("url",), True), ""),
    (events.Synced(ANNA, "#tea", 5), ""),
    (events.ReadHere(ANNA, "#tea", 5), ""),
    (events.Attached(ANNA, 2, 3), ""),
    (events.AccountStays("anna", True), ""),
    (events.DeviceSeen("anna", "plain", 5), ""),
    (events.StayChanged("anna", ANNA), ""),
    (events.Detached(ANNA, 2), ""),
    (events.Retracted(BOB, ANNA, 1, "typo"), "[private] anna took back a message (typo)\n"),
    (events.Erased("#tea", ANNA, (1,), "spam"), "[#tea] anna erased 1 message from the history (spam)\n"),
    (events.Erased("#lobby", ANNA, (1,)), "anna erased 1 message from the history\n"),
    (events.Erased("#lobby", ANNA, tuple(range(1500))), "anna erased 1,500 messages from the history\n"),
]


@pytest.mark.parametrize(("event", "text"), WIRE)
def test_wire(event, text):
    record = Record(7, 0, event)
    assert PlainEncoder("\n").encode(record) == text.encode()
    assert PlainEncoder("\r\n").encode(record) == text.replace("\n", "\r\n").encode()


def test_every_event_is_in_the_table():
    assert {type(event) for event, _ in WIRE} == set(AnyEvent.__args__)


@pytest.mark.parametrize("hostile", ["x\nforged: line", "\x1b[2Jx", "\x07", "\x00", "a\u2028b"])
def test_no_field_of_any_event_forges_a_line(hostile):
    stranger = person(3, "eve", "plain", "h")
    for event, _ in WIRE:
        texts = [name for name in ("text", "reason", "mask") if hasattr(event, name)]
        if isinstance(event, events.Said | events.Whispered | events.Confided):
            continue  # their texts may have lines, each with its speaker: see the table
        changed = msgspec.structs.replace(event, **dict.fromkeys(texts, hostile))
        if hasattr(changed, "person"):
            changed = msgspec.structs.replace(changed, person=stranger)
        encoded = PlainEncoder("\n").encode(Record(1, 0, changed)).decode()
        assert encoded.count("\n") <= 1
        assert "\x1b" not in encoded
