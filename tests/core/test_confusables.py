import pytest

from asyncchat.core.confusables import is_mixed_script, skeleton
from asyncchat.core.features.accounts import RegisterAccountVerified
from asyncchat.core.features.bots import NewToken
from asyncchat.core.features.connect import Connect, NameNotAllowed, NameTaken, Quit, Rename
from asyncchat.core.features.join import Join, RoomNotAllowed
from asyncchat.core.names import fold
from asyncchat.core.permissions import SERVER
from asyncchat.core.replies import AccountFault, AccountRefused, Refusal
from tests.core.house import ANNA, BOB, NOBODY, do, house


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paul", "раul"),
        ("cop", "сор"),
        ("TOM", "ТОМ"),
        ("eva", "εvα"),
        ("oo", "օо"),
        ("Ꭺnna", "anna"),
    ],
)
def test_names_that_look_alike(one, other):
    assert fold(one) != fold(other)
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("Вася", "Васq"), ("bob1", "bobl"), ("п", "n"), ("n0", "no")])
def test_names_that_do_not(one, other):
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize("name", ["bоb", "Вasya", "aγ", "ιi", "x.Вasya"])
def test_words_of_several_scripts(name):
    assert is_mixed_script(name)


@pytest.mark.parametrize(
    "name", ["bob", "боб", "Вася_PC", "田中tanaka", "Ёжик2", "naïve", "ΣΑΣ", "ｂｏｂ", "é"]
)
def test_words_of_one_script(name):
    assert not is_mixed_script(name)


def entering(name):
    return Connect(name, "u", "h")


def test_nobody_connects_with_a_name_that_looks_like_another():
    chat = house()
    assert do(chat, NOBODY, entering("вов")) == (NameNotAllowed("вов", "it looks like bob"),)
    do(chat, BOB, Rename("сор"))
    assert do(chat, NOBODY, entering("COP")) == (NameNotAllowed("COP", "it looks like сор"),)
    assert do(chat, NOBODY, entering("СОР")) == (NameTaken("СОР", BOB),)
    do(chat, BOB, Rename("cop"))
    assert chat.people[BOB].name == "cop"
    do(chat, BOB, Quit())
    assert chat.people.confusable == {}
    assert not isinstance(do(chat, NOBODY, entering("сор"))[0], Refusal)
    assert do(chat, ANNA, Rename("bоb")) == (
        NameNotAllowed("bоb", "it mixes letters of several scripts in a word"),
    )


def test_nobody_looks_like_an_offline_account_or_a_bot():
    chat = house()
    do(chat, SERVER, RegisterAccountVerified("Paco", "secret"))
    do(chat, SERVER, NewToken("ops", "digest", ("*",), ("post",)))
    assert do(chat, NOBODY, entering("расо")) == (NameNotAllowed("расо", "it looks like Paco"),)
    assert do(chat, ANNA, Rename("орѕ")) == (NameNotAllowed("орѕ", "it looks like ops"),)
    for name, fault in (("расо", AccountFault.HELD), ("раul", AccountFault.NOT_ALLOWED)):
        (refused,) = do(chat, NOBODY, RegisterAccountVerified(name, "secret"))
        assert isinstance(refused, AccountRefused)
        assert refused.fault is fault


def test_no_room_is_opened_that_looks_like_another():
    chat = house()
    assert do(chat, BOB, Join("#теа")) == (RoomNotAllowed("#теа", "it looks like #Tea"),)
    assert not isinstance(do(chat, BOB, Join("#чай"))[0], Refusal)


def test_only_ascii_names_if_configured():
    chat = house()
    do(chat, BOB, Join("#чай"))
    chat.ascii_names = True
    reason = "only letters of ASCII are allowed here"
    assert do(chat, NOBODY, entering("Вася")) == (NameNotAllowed("Вася", reason),)
    assert do(chat, BOB, Join("#кофе")) == (RoomNotAllowed("#кофе", reason),)
    assert not isinstance(do(chat, ANNA, Join("#чай"))[0], Refusal)
    assert not isinstance(do(chat, NOBODY, entering("vasya"))[0], Refusal)
