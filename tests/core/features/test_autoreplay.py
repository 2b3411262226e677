"""Who is told unasked what was said before."""

from asyncchat.core.features.accounts import AccountMade, AccountRemoved
from asyncchat.core.features.autoreplay import (
    AutoreplayChanged,
    AutoreplayOff,
    AutoreplayStatus,
    SetAutoreplay,
    wants_autoreplay,
)
from asyncchat.core.features.connect import Connect
from asyncchat.core.features.user_modes import SetPersonFlag
from asyncchat.core.modes import BOT
from asyncchat.core.replies import AccountFault, AccountRefused
from tests.core.house import ANNA, NOBODY, NOW, do, house


def test_the_choice_of_an_account_ends_with_it():
    chat = house()
    chat.apply(AccountMade("zoe", "", NOW))
    do(chat, 9, Connect("zoe", "u", "host9", account="zoe"))
    assert do(chat, 9, SetAutoreplay()) == (AutoreplayStatus("zoe", True),)
    changed = AutoreplayChanged("zoe", False)
    assert do(chat, 9, SetAutoreplay(False)) == (changed, AutoreplayStatus("zoe", False))
    assert do(chat, 9, SetAutoreplay(False)) == (AutoreplayStatus("zoe", False),)
    assert not wants_autoreplay(chat, 9)
    assert list(AutoreplayOff.of(chat).facts(chat)) == [changed]
    chat.apply(AccountRemoved("zoe", NOW))
    assert list(AutoreplayOff.of(chat).facts(chat)) == []


def test_guests_want_it_and_bots_do_not():
    chat = house()
    assert wants_autoreplay(chat, ANNA)
    assert not wants_autoreplay(chat, NOBODY)
    assert do(chat, ANNA, SetAutoreplay(False)) == (AccountRefused(AccountFault.LOGGED_OUT),)
    do(chat, ANNA, SetPersonFlag(BOT))
    assert not wants_autoreplay(chat, ANNA)
