"""The sentences of the audit."""

import pytest

from asyncchat.core.events import Record
from asyncchat.core.features import EVENTS
from asyncchat.core.features.accounts import AccountPasswordChanged, AccountRemoved
from asyncchat.core.features.audit import OperOverride, OperRead
from asyncchat.core.features.certificates import CertificatesRemoved
from asyncchat.core.features.forget import Forgotten
from asyncchat.core.features.host import HostChanged
from asyncchat.core.features.invite_codes import InviteCodeMade, InviteCodeRevoked
from asyncchat.core.features.invites import Invited
from asyncchat.core.features.login_tokens import LoginTokensRevoked
from asyncchat.core.features.metadata.api import RoomMetadataChanged
from asyncchat.core.features.opers import Announced, OperFailed, OperGranted
from asyncchat.core.features.room_registration import RoomAccessChanged, RoomRegistered
from asyncchat.core.features.rooms import Joined, Kicked
from asyncchat.core.features.server import ConfigurationRead
from asyncchat.core.features.server_bans import Killed, ServerBanChanged
from asyncchat.core.people import person, with_host
from asyncchat.text.sentences import AUDIT, audit_line
from asyncchat.text.times import Zone

ANNA, BOB = person(1, "anna", "a", "h"), person(2, "bob", "b", "h")
ZONE = Zone("UTC", 0)

CLOAKED = person(3, "eve", "e", "ab12.cloak", address="192.0.2.7")

LINES = [
    (OperFailed(CLOAKED), "eve!e@ab12.cloak (192.0.2.7) gave a wrong owner code"),
    (OperGranted(ANNA), "anna!a@h became the server's owner"),
    (OperGranted(ANNA, "alice"), "anna!a@h became an operator of the server, as alice"),
    (OperFailed(ANNA), "anna!a@h gave a wrong owner code"),
    (OperFailed(ANNA, "alice"), "anna!a@h gave a wrong password for the operator alice"),
    (Killed(BOB, ANNA, "spam"), "anna!a@h removed bob!b@h from the server: spam"),
    (Killed(BOB, ANNA, ""), "anna!a@h removed bob!b@h from the server"),
    (
        ServerBanChanged(ANNA, "*!*@h", True, 0, 60_000_000, "spam"),
        "anna!a@h banned *!*@h from the server, until Thu 1 Jan 1970 00:01 UTC: spam",
    ),
    (ServerBanChanged(ANNA, "*!*@h", True, 0), "anna!a@h banned *!*@h from the server"),
    (ServerBanChanged(ANNA, "*!*@h", False, 0), "anna!a@h lifted the ban of *!*@h from the server"),
    (
        HostChanged(BOB, with_host(BOB, "b.example"), ANNA),
        "anna!a@h gave bob!b@h the host b.example",
    ),
    (
        InviteCodeMade("#tea", 3, "d", 30, 60_000_000, "voice", "anna", 5),
        "anna made invitation code 3 for #tea: 30 people until Thu 1 Jan 1970 00:01 UTC, with voice",
    ),
    (
        InviteCodeMade("#tea", 3, "d", 1, 60_000_000, "", "", 5),
        "the administrator made invitation code 3 for #tea: 1 person until Thu 1 Jan 1970 00:01 UTC",
    ),
    (InviteCodeRevoked("#tea", 3, "anna"), "anna revoked invitation code 3 for #tea"),
    (Announced(ANNA, "hear", ()), "anna!a@h announced: hear"),
    (
        ConfigurationRead(ANNA, ("motd", "limits.burst")),
        "anna!a@h reloaded the configuration; changed: motd, limits.burst",
    ),
    (Forgotten("anna", 1, 1), "console forgot a person, who had said 1 message"),
    (ConfigurationRead(ANNA, ()), "anna!a@h reloaded the configuration; changed: nothing"),
    (
        OperOverride(ANNA, Kicked("#tea", BOB, ANNA, "out")),
        "anna!a@h overruled #tea: [#tea] bob was removed by anna (out)",
    ),
    (
        OperOverride(ANNA, RoomMetadataChanged("#tea", ANNA, "url", "x")),
        "anna!a@h overruled #tea: [#tea] anna set url to: x",
    ),
    *(
        (OperOverride(ANNA, act), f"anna!a@h overruled{sentence}")
        for act, sentence in (
            (Joined("#tea", ANNA), " #tea: [#tea] anna joined"),
            (Invited("#tea", BOB, ANNA, True), " #tea: let bob in by an invitation"),
            (RoomRegistered("#tea", "anna"), " #tea: registered it to the account anna"),
            (RoomRegistered("#tea", ""), " #tea: ended its registration"),
            (RoomAccessChanged("#tea", "eve", "admin", True), " #tea: gave the account eve the role admin"),
            (
                RoomAccessChanged("#tea", "eve", "admin", False),
                " #tea: took from the account eve the role admin",
            ),
            (AccountRemoved("eve", 1), ": removed the account eve"),
            (AccountPasswordChanged("eve", "", 1), ": changed the password of the account eve"),
            (CertificatesRemoved("eve", ("d",)), ": removed 1 certificate of the account eve"),
            (LoginTokensRevoked("eve", ("d", "e")), ": signed out 2 devices of the account eve"),
        )
    ),
    *(
        (OperRead(ANNA, what, where, 1), f"anna!a@h {sentence}")
        for what, where, sentence in (
            ("history", "#tea", "read the history of #tea"),
            ("secret", "#tea", "looked at #tea, which is secret"),
            ("secrets", "", "listed secret rooms"),
            ("members", "#tea", "looked at the hidden members of #tea"),
            ("key", "#tea", "read the key of #tea"),
            ("address", "*.example", "looked up the address of *.example"),
            ("email", "eve", "read the e-mail address of eve"),
        )
    ),
    (Announced(ANNA, "\x1b[2Jx\nforged", ()), "anna!a@h announced: x forged"),
]


@pytest.mark.parametrize(("event", "sentence"), LINES)
def test_sentences(event, sentence):
    assert audit_line(Record(1, 61_000_000, event), ZONE) == f"Thu 1 Jan 1970 00:01 UTC  {sentence}"


def test_none_is_forgotten():
    audited = {event for event in EVENTS if event.audited}
    assert audited == {type(event) for event, _ in LINES}
    told_to_nobody = {type(event.act) for event, _ in LINES if isinstance(event, OperOverride)} & set(AUDIT)
    assert audited | told_to_nobody == set(AUDIT)
