"""Replies about whom one watches."""

from asyncchat.core.people import Person
from asyncchat.core.replies.base import Reply


class WatchedView(Reply, frozen=True):
    """The names that the asker watches, as it spelled them."""

    names: tuple[str, ...]


class HereView(Reply, frozen=True):
    """Who of some watched names is here, and which are not; ``over``: those past the limit, not watched."""

    here: tuple[Person, ...]
    gone: tuple[str, ...]
    over: tuple[str, ...] = ()
    limit: int = 0
