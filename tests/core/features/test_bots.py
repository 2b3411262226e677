"""Tokens: who makes and revokes them, their reserved names, and posts with one."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.features.accounts import RegisterAccountVerified
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.bots import (
    MAX_TOKENS,
    ROOMS_EACH,
    Bots,
    NewToken,
    Post,
    PostFromProgram,
    RevokeToken,
    Token,
    TokenFault,
    TokenMade,
    TokenRefused,
)
from asyncchat.core.features.connect import Connect, NameNotAllowed, Rename
from asyncchat.core.features.join import RoomNotAllowed
from asyncchat.core.features.messages import CannotSpeak, Said, Speech
from asyncchat.core.features.moderation import Ban, Kick
from asyncchat.core.features.post_keys import KEY_MICROSECONDS, PostedBefore, PostedOnce
from asyncchat.core.features.room_modes import SetFlag, SetMask
from asyncchat.core.features.rooms import Kicked
from asyncchat.core.features.server_bans import BanFromServer, Kill, Killed
from asyncchat.core.permissions import SERVER
from asyncchat.core.replies import AccountRefused, NotConnectedYet, NoText, TextTooLong
from asyncchat.core.text import TEXT_BYTES
from asyncchat.text.sentences import full_origin
from tests.core.house import ANNA, BOB, NOBODY, NOW, OLGA, do, house


@pytest.fixture
def chat() -> Chat:
    """The house, with a token for #Tea."""
    chat = house()
    do(chat, SERVER, NewToken("ci", "d", ("#Tea",), ("post", "read")))
    return chat


def fault(items):
    (item,) = items
    assert isinstance(item, TokenRefused)
    return item.fault


@pytest.mark.parametrize("person_id", [SERVER, OLGA])
def test_the_server_and_its_operators_make_tokens(person_id):
    chat = house()
    made = TokenMade("ci", "d", ("#tea", "#x"), ("post", "who"), NOW)
    assert do(chat, person_id, NewToken("ci", "d", ("#tea", "#x", "#tea"), ("who", "post"))) == (made,)
    assert Bots.of(chat).tokens["ci"].bot.origin == "ci!bot@api"


def test_all_rooms_are_one_star():
    (made,) = do(house(), SERVER, NewToken("ci", "d", ("#tea", "*"), ("post",)))
    assert isinstance(made, TokenMade)
    assert made.rooms == ("*",)


@pytest.mark.parametrize(
    ("person_id", "command", "reason"),
    [
        (ANNA, NewToken("x", "d", ("#tea",), ("post",)), TokenFault.OTHERS),
        (NOBODY, NewToken("x", "d", ("#tea",), ("post",)), TokenFault.OTHERS),
        (SERVER, NewToken("x y", "d", ("#tea",), ("post",)), TokenFault.NOT_ALLOWED),
        (SERVER, NewToken("CI", "d", ("#tea",), ("post",)), TokenFault.EXISTS),
        (SERVER, NewToken("BOB", "d", ("#tea",), ("post",)), TokenFault.HELD),
        (SERVER, NewToken("dora", "d", ("#tea",), ("post",)), TokenFault.HELD),
        (SERVER, NewToken("x", "d", (), ("post",)), TokenFault.NO_ROOMS),
        (SERVER, NewToken("x", "d", ("tea",), ("post",)), TokenFault.ROOM),
        (SERVER, NewToken("x", "d", ("#tea",) * (ROOMS_EACH + 1), ("post",)), TokenFault.TOO_MANY_ROOMS),
        (SERVER, NewToken("x", "d", ("#tea",), ()), TokenFault.NO_ACTIONS),
        (SERVER, NewToken("x", "d", ("#tea",), ("delete",)), TokenFault.ACTION),
        (ANNA, RevokeToken("ci"), TokenFault.OTHERS),
        (SERVER, RevokeToken("x"), TokenFault.UNKNOWN),
        (SERVER, Post("x", "#tea", "hi"), TokenFault.FORBIDDEN),
        (ANNA, PostFromProgram("app", "#tea", "hi"), TokenFault.OTHERS),
        (OLGA, PostFromProgram("app", "#tea", "hi"), TokenFault.OTHERS),
        (SERVER, PostFromProgram("a p", "#tea", "hi"), TokenFault.NOT_ALLOWED),
        (SERVER, PostFromProgram("BOB", "#tea", "hi"), TokenFault.HELD),
        (SERVER, PostFromProgram("dora", "#tea", "hi"), TokenFault.HELD),
        (SERVER, Post("ci", "#lobby", "hi"), TokenFault.FORBIDDEN),
    ],
)
def test_what_is_refused(chat, person_id, command, reason):
    do(chat, SERVER, RegisterAccountVerified("dora", "v"))
    assert fault(do(chat, person_id, command)) is reason


def test_the_number_of_tokens_is_limited(chat):
    for number in range(MAX_TOKENS - 1):
        chat.apply(TokenMade(f"t{number}", "d", ("*",), ("read",), NOW))
    assert fault(do(chat, SERVER, NewToken("x", "d", ("*",), ("read",)))) is TokenFault.FULL


def test_nobody_else_gets_the_name_of_a_token(chat):
    refused = (NameNotAllowed("CI", "it is a bot's"),)
    assert do(chat, NOBODY, Connect("CI", "u", "h")) == refused
    assert do(chat, ANNA, Rename("CI")) == refused
    (item,) = do(chat, SERVER, RegisterAccountVerified("ci", "v"))
    assert isinstance(item, AccountRefused)
    do(chat, OLGA, RevokeToken("CI"))
    assert do(chat, ANNA, Rename("ci"))


def test_a_post_is_a_message_of_the_bot(chat):
    (said,) = do(chat, SERVER, Post("ci", "#tea", "hi", Speech.NOTICE))
    bot = Bots.of(chat).tokens["ci"].bot
    assert said == Said("#Tea", bot, "hi", Speech.NOTICE, (("bot", ""),))


def test_under_a_key_it_is_said_once_for_a_week(chat):
    post = Post("ci", "#tea", "hi", key="k", asked="f")
    assert [type(item) for item in do(chat, SERVER, post)] == [Said, PostedOnce]
    assert do(chat, SERVER, post, NOW + 5) == (PostedBefore("f", "#Tea", NOW),)
    assert len(do(chat, SERVER, Post("ci", "#tea", "hi", key="other", asked="f"))) == 2
    assert len(do(chat, SERVER, post, NOW + KEY_MICROSECONDS)) == 2
    refused = Post("ci", "#tea", "", key="new", asked="f")
    assert do(chat, SERVER, refused) == do(chat, SERVER, refused) == (NoText(),)


def test_a_post_needs_no_members():
    chat = house()
    do(chat, SERVER, NewToken("ci", "d", ("*",), ("post",)))
    (said,) = do(chat, SERVER, Post("ci", "#night", "done"))
    assert isinstance(said, Said)
    assert (said.room, said.text) == ("#night", "done")
    assert do(chat, SERVER, Post("ci", "night", "x")) == (
        RoomNotAllowed("night", "a room's name begins with #"),
    )


@pytest.mark.parametrize(
    ("text", "refusal"),
    [("", NoText()), ("é" * (TEXT_BYTES // 2 + 1), TextTooLong(TEXT_BYTES))],
)
def test_posts_that_are_refused(chat, text, refusal):
    assert do(chat, SERVER, Post("ci", "#tea", text)) == (refusal,)


def test_bans_apply_to_bots_but_modes_for_people_do_not(chat):
    for flag in ("moderated", "invite-only", "secret"):
        do(chat, ANNA, SetFlag("#tea", flag, True))
    assert isinstance(do(chat, SERVER, Post("ci", "#tea", "hi"))[0], Said)
    do(chat, ANNA, SetMask("#tea", "mute", "ci", True))
    assert isinstance(do(chat, SERVER, Post("ci", "#tea", "hi"))[0], CannotSpeak)
    do(chat, ANNA, SetMask("#tea", "mute", "ci", False))
    do(chat, ANNA, Ban("#tea", "*!bot@*", True))
    assert isinstance(do(chat, SERVER, Post("ci", "#tea", "hi"))[0], CannotSpeak)
    assert BOB in chat.people


def test_a_token_is_found_by_its_secrets_digest_until_it_is_revoked(chat):
    bots = Bots.of(chat)
    assert bots.with_digest("d") == bots.tokens["ci"]
    assert bots.with_digest("e") is None
    # Nobody makes two of one secret; if somebody did, the first would count, and then the other.
    do(chat, SERVER, NewToken("other", "d", ("*",), ("read",)))
    do(chat, SERVER, NewToken("e", "e", ("*",), ("read",)))
    assert [bots.with_digest(digest) for digest in "de"] == [bots.tokens["ci"], bots.tokens["e"]]
    do(chat, OLGA, RevokeToken("CI"))
    assert bots.with_digest("d") == bots.tokens["other"]
    do(chat, OLGA, RevokeToken("other"))
    assert bots.with_digest("d") is None
    assert bots.with_digest("e") == bots.tokens["e"]


def test_the_program_of_the_server_posts_under_any_name(chat):
    (said,) = do(chat, SERVER, PostFromProgram("app", "#tea", "hi", Speech.ACTION))
    assert isinstance(said, Said)
    assert (said.person.origin, said.text, said.speech) == ("app!bot@api", "hi", Speech.ACTION)
    assert do(chat, SERVER, PostFromProgram("ci", "#tea", "as the bot of a token"))
    assert isinstance(do(chat, SERVER, PostFromProgram("app", "#tea", ""))[0], NoText)
    assert isinstance(do(chat, SERVER, PostFromProgram("app", "tea", "hi"))[0], RoomNotAllowed)


def administered() -> tuple[Chat, int]:
    """The house, and the id under which a token administers it."""
    chat = house()
    do(chat, SERVER, NewToken("ci", "d", ("*",), ("admin",)))
    return chat, Bots.of(chat).tokens["ci"].operator.id


def test_a_token_that_allows_admin_is_for_all_rooms():
    command = NewToken("ci", "d", ("#tea",), ("admin",))
    assert fault(do(house(), SERVER, command)) is TokenFault.EVERYWHERE


def test_a_token_that_allows_admin_acts_under_its_own_name():
    chat, token = administered()
    kicked, override = do(chat, token, Kick("#tea", "bob", "enough"))
    assert isinstance(kicked, Kicked)
    assert kicked.by.origin == "ci!token@api"
    assert isinstance(override, OperOverride)
    assert override.person == kicked.by
    assert full_origin(override.person) == "token ci"
    (killed, *_) = do(chat, token, Kill("carol", "x"))
    assert isinstance(killed, Killed)
    assert killed.by == kicked.by


def test_what_a_token_administers_is_no_person():
    chat, token = administered()
    assert token < 0
    assert len(chat.people) == 4
    assert chat.person_named("ci") is None
    assert token not in chat.server_operators


@pytest.mark.parametrize("actions", [("post", "read", "who", "metrics"), ()])
def test_other_tokens_do_not_administer(actions):
    chat = house()
    do(chat, SERVER, NewToken("ci", "d", ("*",), actions))
    other = Token("ci", "d", ("*",), actions, NOW).operator.id
    assert do(chat, other, Kick("#tea", "bob")) == (NotConnectedYet(),)
    assert do(chat, other, Kill("bob", "")) == (NotConnectedYet(),)
    assert do(chat, other, BanFromServer("bob")) == (NotConnectedYet(),)


def test_a_token_administers_until_it_is_revoked():
    chat, token = administered()
    do(chat, SERVER, RevokeToken("ci"))
    assert do(chat, token, Kick("#tea", "bob")) == (NotConnectedYet(),)
    assert chat.programs == {}


def test_a_replay_knows_the_tokens_that_administer():
    chat, token = administered()
    again = Chat.replay(Bots.of(chat).facts(chat))
    assert again.programs == chat.programs
    assert list(again.programs) == [token]
