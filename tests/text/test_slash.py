"""Every command, event, reply and refusal has its words."""

import pytest

from asyncchat.core import text
from asyncchat.core.commands import DialectReply
from asyncchat.core.features import EVENTS as ALL_EVENTS
from asyncchat.core.features.accept import Accept
from asyncchat.core.features.connect import NameNotAllowed, Quit
from asyncchat.core.features.join import RoomView
from asyncchat.core.features.messages import Say
from asyncchat.core.features.metadata.api import SetMetadata
from asyncchat.core.features.moderation import Kick
from asyncchat.core.features.preferences import Ignore
from asyncchat.core.features.queries import GetPerson, GetRooms, GetWho
from asyncchat.core.features.redaction import EraseFrom
from asyncchat.core.features.room_modes import GetFlags, GetMasks
from asyncchat.core.features.rooms import Kicked
from asyncchat.core.features.topic import GetTopic, SetTopic
from asyncchat.core.replies import Refusal, Reply
from asyncchat.dialects.plain.prompts import ASK_AGAIN
from asyncchat.text import sentences, slash
from asyncchat.text.features.rooms import room_lines
from asyncchat.text.sentences import EVENTS, OWN_EVENTS, REFUSALS, REPLIES, FeatureText, refusal_sentence
from asyncchat.text.slash import COMMANDS, help_text
from tests.dialects.driver import server_info
from tests.dialects.plain_driver import World

ASKED = [
    *("help", "who", "rooms", "join", "part", "nick", "msg", "me", "topic", "history", "quit"),
    *("owner", "kick", "mute", "ban", "op", "clear", "ignore", "unmute", "unban", "deop", "unignore"),
]


@pytest.mark.parametrize("word", ASKED)
def test_each_command_is_there_and_in_the_help(word):
    assert COMMANDS[word].name == word
    text = " ".join(help_text(()).split())
    assert f"{COMMANDS[word].usage} {COMMANDS[word].help}" in text


def test_the_help_fits_a_terminal():
    assert [line for line in help_text(()).split("\n") if len(line) >= 80] == []


UNTOLD_EVENTS = {
    *("AccountMade", "AccountMetadataChanged", "AccountPasswordChanged", "AccountRemoved", "AlwaysOnChanged"),
    *("FileUploaded", "FilesRemoved", "Forgotten"),
    "AutoreplayChanged",
    *(
        "SessionAttached",
        "MonitorOnline",
        "OperFailed",
        "ConfigurationRead",
        "SessionDetached",
        "DeviceLastSeen",
        "NetworkKnown",
        "Connected",
    ),
    *(
        "HostShown",
        "InviteShown",
        "LoggedIn",
        "MetadataChanged",
        "MetadataOnline",
        "MetadataShown",
        "NodeStarted",
        "MonitorChange",
    ),
    *(
        "OperOverride",
        "OperRead",
        "PostedOnce",
        "PreferenceChanged",
        "GuestPreferenceChanged",
        "ReadHere",
        "ReadUpTo",
        "RoomAccessChanged",
        "InviteCodeMade",
        "InviteCodeRevoked",
        "InviteCodeUsed",
        "RoomClosed",
        "RoomOpened",
    ),
    *(
        "RoomRegistered",
        "RoomEmpty",
        "RoomTakenOver",
        "HistoryHidden",
        "HistoryReaders",
        "TagMessageSent",
        "TagMessageSentInPrivate",
        "TagMessageSentToRole",
        "Typing",
        "TypingInPrivate",
        "Spoke",
        "AlwaysOnSaved",
    ),
    *("CertificateAdded", "CertificatesRemoved"),
    *("LoginTokenMade", "LoginTokenUsed", "LoginTokensRevoked", "PushEnded", "PushSubscribed"),
    *("Subscribed", "Synced", "TokenMade", "TokenRevoked", "MonitorListChanged", "MonitorOffline"),
    "AcceptChanged",
}
"""What no person at a terminal is told of: it is for programs, or another event or reply says it."""

UNTOLD_REPLIES = {
    *(
        "Challenge",
        "Confirmed",
        "ConnectedFor",
        "DeviceSubscribed",
        "DeviceUnsubscribed",
        "Done",
        "LoggedOutNow",
        "PreferenceView",
        "PreferencesView",
        "ReadMarkerView",
        "MetadataLater",
        "MetadataNow",
        "MetadataView",
    ),
    *("MetadataTold", "OfferRenewed", "OperOnly", "PostedBefore", "Present", "RoomMoved", "SubscribedNow"),
    *("SubscriptionsView", "TargetsView", "Unlocked"),
}
"""The replies of which nobody at a terminal is told."""


def names(kinds):
    return {kind.__name__ for kind in kinds}


def test_the_closed_sets_have_their_words():
    assert names(ALL_EVENTS) - names(EVENTS) - names(OWN_EVENTS) == UNTOLD_EVENTS
    assert names(Reply.__subclasses__()) - names(REPLIES) == UNTOLD_REPLIES
    assert set(REFUSALS) == set(Refusal.__subclasses__())


def test_a_second_declaration_is_refused():
    with pytest.raises(ValueError, match="Kicked has words twice"):
        sentences.register(FeatureText(events={Kicked: str}))
    with pytest.raises(ValueError, match="/kick is declared twice"):
        slash.register([COMMANDS["kick"]])


def test_the_help_says_what_is_kept():
    kept = World(server_info(keeps_history=True)).person("anna").type("/help")
    assert kept.endswith("What is said here is kept in this server's history, private messages too.\n")
    lost = World(server_info(keeps_history=False)).person("anna").type("/help")
    assert lost.endswith("What is said here is kept only until this server stops.\n")
    assert max(map(len, kept.splitlines())) < 110


def test_help_of_one_command():
    anna = World().person("anna")
    assert anna.type("/help kick") == "/kick NAME [REASON]\nRemoves a person from the room (operators).\n"
    assert anna.type("/help /KICK") == anna.type("/help kick")
    assert anna.type("/help kik").startswith("There is no /kik. Did you mean /kick?")


@pytest.mark.parametrize(
    ("line", "usage"),
    [
        ("/kick", "/kick NAME [REASON]"),
        ("/msg bob", "/msg NAME TEXT"),
        ("/me", "/me TEXT"),
        ("/join", "/join #ROOM [KEY]"),
        ("/join a b c", "/join #ROOM [KEY]"),
        ("/nick", "/nick NAME"),
        ("/op", "/op NAME"),
        ("/op a b", "/op NAME"),
        ("/unban", "/unban NAME|MASK"),
        ("/owner", "/owner CODE|NAME PASSWORD|off"),
        ("/clear", "/clear NAME|*"),
        ("/unignore", "/unignore NAME"),
        ("/history yesterday", "/history [@NAME] [30m|2h|2026-11-22|N]"),
        ("/history 2026-02-30", "/history [@NAME] [30m|2h|2026-11-22|N]"),
        ("/history 0", "/history [@NAME] [30m|2h|2026-11-22|N]"),
        ("/rule moderated maybe", "/rule [RULE on|off|VALUE]"),
        ("/who a b", "/who [#ROOM|NAME]"),
    ],
)
def test_misuse_is_told_the_usage(line, usage):
    anna = World().person("anna")
    assert anna.type(line) == f"Usage: {usage}\n"
    assert isinstance(anna.asked[-1], DialectReply)


@pytest.mark.parametrize(
    ("line", "near"),
    [("/kik bob", " Did you mean /kick?"), ("/histroy", " Did you mean /history?"), ("/usr/bin/env", "")],
)
def test_an_unknown_word_names_the_nearest(line, near):
    word = line.split()[0]
    assert World().person("anna").type(line) == (
        f"There is no {word}.{near} /help lists the commands; // sends a line that begins with /.\n"
    )


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("/WHO", GetWho("#lobby")),
        ("/names", GetWho("#lobby")),
        ("/who #x", GetWho("#x")),
        ("/who anna", GetPerson("anna")),
        ("/rooms", GetRooms()),
        ("/topic", GetTopic("#lobby")),
        ("/topic a  b", SetTopic("#lobby", "a  b")),
        ("/topic -", SetTopic("#lobby", "")),
        ("/kick bob", Kick("#lobby", "bob", "")),
        ("/ban", GetMasks("#lobby")),
        ("/mute", GetMasks("#lobby", ("mute",))),
        ("/rule", GetFlags("#lobby")),
        ("/clear *", EraseFrom("#lobby", "")),
        ("/ignore", Ignore("")),
        ("/accept bob", Accept("bob")),
        ("/exit", Quit("")),
        ("/msg #tea hi", Say("#tea", "hi")),
    ],
)
def test_what_each_word_asks(line, asked):
    anna = World().person("anna")
    anna.type(line)
    assert asked in anna.asked


def test_answers_about_the_state():
    world = World()
    anna = world.person("anna")
    anna.type("/join #tea", "/topic Darjeeling")
    assert anna.type("/topic") == (
        "[#tea] The topic is: Darjeeling\nSet by anna, Sun 22 Nov 2026 21:00 UTC.\n"
    )
    assert anna.type("/rooms") == (
        "#lobby (1 person, you are in it)\n#tea (1 person, you are in it): Darjeeling\n"
    )
    assert anna.type("/rule") == (
        "The rules of #tea, open since Sun 22 Nov 2026 21:00 UTC:\n"
        "  no-outsiders on   only members may speak here\n"
        "  topic-locked on   only half-operators and higher may set the topic\n"
        "  moderated off  every member may speak\n"
        "  op-moderated off  everyone reads what members say\n"
        "  invite-only off  anyone may join without an invitation\n"
        "  secret off  this room is in the list of rooms\n"
        "  no-colour off  messages may have colours\n"
        "  no-ctcp off  programs may query programs here (CTCP)\n"
        "  auditorium off  members see each other\n"
        "  accounts-only off  anyone may join without an account\n"
        "  accounts-speak off  anyone may speak without an account\n"
        "  no-knock off  anyone may ask for an invitation\n"
        "  key off  no key is needed to join\n"
        "  limit off  any number of people may be here\n"
        "  forward off  nobody is sent to another room\n"
        "  slow off  nobody has to wait between messages\n"
    )
    assert anna.type("/who") == "In #tea (1): anna (operator)\n"
    assert anna.type("/who #nowhere") == "Nobody is in #nowhere.\n"
    assert anna.type("/who ANNA") == (
        "anna is anna!plain@10.0.0.1\n  in #lobby, #tea (operator); here since Sun 22 Nov 2026 21:00 UTC\n"
    )
    assert anna.type("/part", "/topic") == (
        "You left #tea.\nWhat you type goes to the lobby now.\nThe lobby has no topic.\n"
    )
    assert anna.type("/ban") == "Nobody is banned in the lobby.\n"


def test_what_somebody_carries_for_programs_is_shown_clean():
    world = World()
    anna = world.person("anna")
    world.decide(anna, SetMetadata("", "url", "https://example.org\x1b[2J"))
    assert anna.type("/who anna").endswith("\n  url: https://example.org\n")


def test_no_answer_looks_like_somebodys_words():
    """A client tells them apart by ``NAME: text`` alone; usage is told apart by its words."""
    room = RoomView("#lobby", None, (), 0, False, None)  # type: ignore[arg-type]  # nobody is there
    assert room_lines(room) == ["People here: "]
    assert ": " not in ASK_AGAIN.split()[0]
    assert not any(line.split(" ")[0].endswith(":") for line in help_text(()).splitlines())


def test_reasons_of_names_make_sentences():
    refusal = NameNotAllowed("a b", "it has a space")
    assert refusal_sentence(refusal) == "That name is not allowed: it has a space."
    assert text.TEXT_BYTES == 8192
