"""Who the author of a message is: for whoever erases or edits it.

Owns the rule; must not know what is done with the message.
"""

from typing import Final

from asyncchat.core.chat import Chat
from asyncchat.core.names import fold
from asyncchat.core.people import Person

GUEST_SECONDS: Final = 24 * 3600
"""Seconds in which a person without an account may erase or edit what it said since it connected."""


def is_author(chat: Chat, me: Person, author: Person, time: int) -> bool:
    """Whether a person is the author of a message: the same account, or the same guest since then."""
    if author.account:
        account = chat.accounts.get(fold(author.account))
        return account is not None and fold(me.account) == fold(account.name) and account.time <= time
    people = chat.people
    since = max(people.since.get(me.id, time + 1), people.named_at.get(me.id, 0))
    return me.origin == author.origin and since <= time


def is_too_late(author: Person, time: int, now: int) -> bool:
    """Whether a guest said it too long ago; accounts may change what they said at any time."""
    return not author.account and now - time > GUEST_SECONDS * 1_000_000
