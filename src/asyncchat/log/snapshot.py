"""The state facts of a history, and snapshots: a short list of facts that gives the same chat as a long one.

Owns what of a chat survives a restart, and the table ``snapshots``. It must not know when a snapshot is due.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from asyncchat.core import events
from asyncchat.core.chat import Chat
from asyncchat.core.events import AnyEvent
from asyncchat.core.modes import BANS, MUTES, OPENED_FLAGS
from asyncchat.core.people import Person, from_origin
from asyncchat.core.rooms import Mark, Room
from asyncchat.log import rows

if TYPE_CHECKING:
    import sqlite3

_NOBODY = from_origin("")
"""The author of facts whose author is not part of the chat's state."""

_log = logging.getLogger(__name__)


def snapshot(facts: Iterable[AnyEvent]) -> tuple[AnyEvent, ...] | None:
    """A short list of facts of kind ``Kept.STATE`` that gives the same chat as all of these.

    Returns:
        The facts, or None where a short list would lose something: then the long list has to stay. This
        happens when the chat keeps something that this module does not know, or when the facts contradict
        each other.
    """
    try:
        chat = Chat.replay(facts)
        few = tuple(_facts(chat))
        return few if Chat.replay(few).state() == chat.state() else None
    except LookupError:
        # The next start stops with an error that people can read. Here it must not stop an append.
        _log.exception("The state's facts contradict each other")
        return None


def _facts(chat: Chat) -> Iterator[AnyEvent]:
    if chat.owner_claimed:
        yield events.OwnerClaimed(_NOBODY)
    for key, account in chat.accounts.items():
        yield events.AccountMade(account.name, account.verifier, account.time, account.email)
        if key in chat.staying:
            yield events.AccountStays(account.name, True)
    for key, devices in chat.seen.items():
        for device, seen in devices.items():
            yield events.DeviceSeen(chat.accounts[key].name, device, seen.time, seen.rooms)
    for key, stay in chat.stays.items():
        name = chat.accounts[key].name
        yield events.StayChanged(name, stay.person, stay.rooms, stay.away, stay.since)
    for key, marks in chat.marks.items():
        for target, time in marks.items():
            yield events.ReadUpTo(chat.accounts[key].name, target, time)
    for key, values in chat.metadata.accounts.items():
        for under, value in values.items():
            yield events.AccountMetadataChanged(chat.accounts[key].name, _NOBODY, under, value)
    for token in chat.tokens.values():
        yield events.TokenMade(token.name, token.digest, token.rooms, token.actions, token.time)
    for (token_name, key), once in chat.posted.items():
        yield events.PostedOnce(token_name, key, once.asked, once.room, once.time)
    for ban in chat.server_bans.values():
        yield events.ServerBanChanged(from_origin(ban.by), ban.mask, True, ban.time, ban.until, ban.reason)
    for room in chat.rooms.values():
        yield from _room(room)


def _room(room: Room) -> Iterator[AnyEvent]:
    names = (*room.former, room.name)
    yield events.RoomOpened(names[0], room.opened)
    for before, name in pairwise(names):
        yield events.RoomRenamed(before, name, _NOBODY, "", room.renamed)
    if room.renamed and not room.former:
        yield events.RoomRenamed(room.name, room.name, _NOBODY, "", room.renamed)
    if room.topic is not None:
        topic = room.topic
        yield events.TopicChanged(room.name, from_origin(topic.by), topic.text, topic.time)
    if room.founder:
        yield events.RoomRegistered(room.name, room.founder)
    for account, role in room.access.items():
        yield events.RoomAccessChanged(room.name, account, role, True)
    for flag in sorted(room.flags ^ OPENED_FLAGS):
        yield events.FlagChanged(room.name, _NOBODY, flag, flag in room.flags)
    for key, text in room.metadata.items():
        yield events.RoomMetadataChanged(room.name, _NOBODY, key, text)
    for setting, value in room.settings.items():
        yield events.SettingChanged(room.name, _NOBODY, setting, value)
    for listed, masks in room.masks.items():
        for mask, mark in masks.items():
            if listed == BANS:
                yield events.BanChanged(room.name, *_marked(mask, mark))
            elif listed == MUTES:
                yield events.MuteChanged(room.name, *_marked(mask, mark))
            else:
                yield events.MaskChanged(
                    room.name, from_origin(mark.by), listed, mask, True, mark.time, mark.until
                )


def _marked(mask: str, mark: Mark) -> tuple[Person, str, bool, int, int]:
    return from_origin(mark.by), mask, True, mark.time, mark.until


def state(connection: sqlite3.Connection) -> list[AnyEvent]:
    """The state facts of a file, from the newest snapshot on; no message is read.

    Raises:
        LogError: one of them is unknown to this version.
    """
    number = 0
    facts: list[AnyEvent] = []
    found = connection.execute("SELECT number, facts FROM snapshots ORDER BY number DESC LIMIT 1").fetchone()
    if found is not None:
        number = found[0]
        facts += rows.decode_many(number, found[1])
    later = connection.execute(
        "SELECT number, event FROM facts WHERE kept = 1 AND number > ? ORDER BY number", (number,)
    ).fetchall()
    facts += [rows.decode(number, line) for number, line in later]
    return facts


def states_since(connection: sqlite3.Connection) -> int:
    """How many state facts lie above the newest snapshot."""
    (count,) = connection.execute(
        "SELECT count(*) FROM facts WHERE kept = 1 "
        "AND number > coalesce((SELECT max(number) FROM snapshots), 0)"
    ).fetchone()
    return int(count)


def new_snapshot(connection: sqlite3.Connection) -> tuple[int, int, str] | None:
    """Makes a snapshot of all state facts of a file.

    Returns:
        The number of the last fact, how many facts the snapshot has, and their text; None where a snapshot
        would lose something.
    """
    connection.execute("BEGIN")
    try:
        (last,) = connection.execute("SELECT max(number) FROM facts WHERE kept = 1").fetchone()
        facts = None if last is None else snapshot(state(connection))
    finally:
        connection.execute("ROLLBACK")
    return None if facts is None else (last, len(facts), rows.encode_many(facts))


def keep_snapshot(connection: sqlite3.Connection, number: int, facts: str) -> None:
    """Replaces the snapshot of a file; within the caller's transaction."""
    # Read markers change often, and nobody needs the earlier ones.
    connection.execute(
        'DELETE FROM facts WHERE kept = 1 AND number < ? AND event GLOB \'{"is":"read",*\' '
        "AND number > coalesce((SELECT max(number) FROM snapshots), 0)",
        (number,),
    )
    connection.execute("INSERT INTO snapshots VALUES (?, ?)", (number, facts))
    connection.execute("DELETE FROM snapshots WHERE number < ?", (number,))
