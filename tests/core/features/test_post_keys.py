"""Keys of posts: how long and how many are remembered."""

from asyncchat.core.chat import Chat
from asyncchat.core.features import post_keys
from asyncchat.core.features.bots import Bots
from asyncchat.core.features.post_keys import KEY_MICROSECONDS, PostedBefore, PostedOnce

NOW = 1_700_000_000_000_000


def used(chat: Chat, owner: str, key: str, now: int = NOW) -> bool:
    return Bots.of(chat).keys.before(owner, key, now) is not None


def test_a_key_is_remembered_for_a_week():
    chat = Chat.replay([PostedOnce("guest anna", "k", "asked", "#ci", NOW)])
    found = Bots.of(chat).keys.before("guest anna", "k", NOW + KEY_MICROSECONDS - 1)
    assert found == PostedBefore("asked", "#ci", NOW)
    assert not used(chat, "guest anna", "k", NOW + KEY_MICROSECONDS)
    assert not used(chat, "account anna", "k")
    assert not used(chat, "guest anna", "")


def test_the_oldest_of_too_many_is_forgotten_and_none_of_others(monkeypatch):
    monkeypatch.setattr(post_keys, "MAX_KEYS", 3)
    chat = Chat.replay(
        [PostedOnce("digest", "k", "", "#ci", NOW), PostedOnce("account ada", "k", "", "#ci", NOW)]
    )
    for number in range(5):
        chat.apply(PostedOnce(f"guest g{number}", "k", "", "#ci", NOW))
    assert [used(chat, f"guest g{number}", "k") for number in range(5)] == [False, False, True, True, True]
    assert used(chat, "digest", "k")
    assert used(chat, "account ada", "k")
    again = Chat.replay(Bots.of(chat).facts(chat))
    assert Bots.of(again).state() == Bots.of(chat).state()
