"""The sentences of the audit."""

from typing import get_args

import pytest

from asyncchat.core import events
from asyncchat.core.events import ACTS, Act, Record
from asyncchat.core.people import hosted, person
from asyncchat.text.sentences import AUDIT, audit_line
from asyncchat.text.times import Zone

ANNA, BOB = person(1, "anna", "a", "h"), person(2, "bob", "b", "h")
ZONE = Zone("UTC", 0)

CLOAKED = person(3, "eve", "e", "ab12.cloak", address="192.0.2.7")

LINES = [
    (events.ClaimFailed(CLOAKED), "eve!e@ab12.cloak (192.0.2.7) gave a wrong owner code"),
    (events.OwnerClaimed(ANNA), "anna!a@h became the server's owner"),
    (events.OwnerClaimed(ANNA, "alice"), "anna!a@h became an operator of the server, as alice"),
    (events.ClaimFailed(ANNA), "anna!a@h gave a wrong owner code"),
    (events.ClaimFailed(ANNA, "alice"), "anna!a@h gave a wrong password for the operator alice"),
    (events.Killed(BOB, ANNA, "spam"), "anna!a@h removed bob!b@h from the server: spam"),
    (events.Killed(BOB, ANNA, ""), "anna!a@h removed bob!b@h from the server"),
    (
        events.ServerBanChanged(ANNA, "*!*@h", True, 0, 60_000_000, "spam"),
        "anna!a@h banned *!*@h from the server, until Thu 1 Jan 1970 00:01 UTC: spam",
    ),
    (events.ServerBanChanged(ANNA, "*!*@h", True, 0), "anna!a@h banned *!*@h from the server"),
    (events.ServerBanChanged(ANNA, "*!*@h", False, 0), "anna!a@h lifted the ban of *!*@h from the server"),
    (
        events.HostChanged(BOB, hosted(BOB, "b.example"), ANNA),
        "anna!a@h gave bob!b@h the host b.example",
    ),
    (events.Announced(ANNA, "hear", ()), "anna!a@h announced: hear"),
    (
        events.ConfigurationRead(ANNA, ("motd", "limits.burst")),
        "anna!a@h reloaded the configuration; changed: motd, limits.burst",
    ),
    (events.ConfigurationRead(ANNA, ()), "anna!a@h reloaded the configuration; changed: nothing"),
    (
        events.Overruled(ANNA, events.Kicked("#tea", BOB, ANNA, "out")),
        "anna!a@h overruled #tea: [#tea] bob was removed by anna (out)",
    ),
    (
        events.Overruled(ANNA, events.RoomMetadataChanged("#tea", ANNA, "url", "x")),
        "anna!a@h overruled #tea: [#tea] anna set url to: x",
    ),
    (events.Announced(ANNA, "\x1b[2Jx\nforged", ()), "anna!a@h announced: x forged"),
]


@pytest.mark.parametrize(("event", "sentence"), LINES)
def test_sentences(event, sentence):
    assert audit_line(Record(1, 61_000_000, event), ZONE) == f"Thu 1 Jan 1970 00:01 UTC  {sentence}"


def test_none_is_forgotten():
    assert set(ACTS) == set(get_args(Act)) == set(AUDIT) == {type(event) for event, _ in LINES}
