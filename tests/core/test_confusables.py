import pytest

from asyncchat.core.confusables import is_mixed_script, skeleton
from asyncchat.core.features.accounts import AccountMade, DropAccountVerified, RegisterAccountVerified
from asyncchat.core.features.bots import NewToken
from asyncchat.core.features.connect import CheckName, Connect, NameNotAllowed, NameTaken, Quit, Rename
from asyncchat.core.features.impersonation import AccountShapes
from asyncchat.core.features.join import Join, RoomNotAllowed
from asyncchat.core.names import fold
from asyncchat.core.permissions import SERVER
from asyncchat.core.replies import AccountFault, AccountRefused, Refusal
from tests.core.house import ANNA, BOB, NOBODY, OLGA, do, house


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


@pytest.mark.parametrize("name", ["aIice", "a1ice", "AL1CE", "a|ice", "Al|ce"])
def test_nobody_looks_like_an_account_within_ascii(name):
    chat = house()
    do(chat, SERVER, RegisterAccountVerified("alice", "v"))
    assert do(chat, NOBODY, entering(name)) == (NameNotAllowed(name, "it looks like alice"),)
    assert do(chat, BOB, Rename(name)) == (NameNotAllowed(name, "it looks like alice"),)
    (refused,) = do(chat, BOB, RegisterAccountVerified(name, "v"))
    assert isinstance(refused, AccountRefused)
    assert (refused.fault, refused.detail) == (AccountFault.HELD, "it looks like alice")


@pytest.mark.parametrize(
    ("account", "name"),
    [("Ian", "lan"), ("mark", "rnark"), ("warnick", "wamick"), ("will", "vvill"), ("olga0", "olgao")],
)
def test_what_an_account_is_taken_for(account, name):
    chat = house()
    do(chat, SERVER, RegisterAccountVerified(account, "v"))
    assert do(chat, NOBODY, entering(name)) == (NameNotAllowed(name, f"it looks like {account}"),)
    do(chat, SERVER, DropAccountVerified(account, True))
    assert not isinstance(do(chat, NOBODY, entering(name))[0], Refusal)
    assert not AccountShapes.of(chat).by_shape
    assert not AccountShapes.of(chat).by_account


def test_ordinary_people_may_look_alike_within_ascii():
    chat = house()
    assert not isinstance(do(chat, 10, entering("al"))[0], Refusal)
    assert not isinstance(do(chat, 11, entering("a1"))[0], Refusal)
    do(chat, SERVER, RegisterAccountVerified("ian", "v"))
    assert not isinstance(do(chat, 12, entering("lan"))[0], Refusal)


def test_accounts_that_looked_alike_before_both_come_in():
    chat = house()
    for name in ("al", "a1"):
        chat.apply(AccountMade(name, "v", 0))
    for number, name in enumerate(("al", "a1"), 10):
        assert do(chat, number, CheckName(name)) == ()
        assert not isinstance(do(chat, number, Connect(name, "u", "h", account=name))[0], Refusal)


def test_ones_own_account_is_not_imitated():
    chat = house()
    do(chat, BOB, RegisterAccountVerified("bob", "v"))
    do(chat, BOB, Rename("b0b"))
    assert chat.people[BOB].name == "b0b"


def test_nobody_looks_like_a_server_operator_who_is_here():
    assert do(house(), BOB, Rename("0lga")) == (NameNotAllowed("0lga", "it looks like olga"),)


@pytest.mark.parametrize(
    "name", ["N1ckServ", "ChanServ", "Server", "0wner", "ADMIN", "here", "a11", "everyone", "Everyone"]
)
def test_names_that_stand_for_the_server(name):
    chat = house()
    refusal = NameNotAllowed(name, "it stands for the server or for everybody")
    assert do(chat, NOBODY, entering(name)) == (refusal,)
    assert do(chat, BOB, Rename(name)) == (refusal,)


def test_operators_and_accounts_may_stand_for_the_server():
    chat = house()
    do(chat, OLGA, Rename("Admin"))
    assert chat.people[OLGA].name == "Admin"
    do(chat, SERVER, RegisterAccountVerified("owner", "v"))
    assert not isinstance(do(chat, NOBODY, Connect("owner", "u", "h", account="owner"))[0], Refusal)
