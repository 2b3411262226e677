"""Snapshots: a short list of facts that give the same chat as the long list they stand for.

Owns what of a chat outlives a run; must not know where facts are kept.
"""

import logging
from collections.abc import Iterable, Iterator
from itertools import pairwise

from asyncchat.core import events
from asyncchat.core.chat import Chat
from asyncchat.core.events import AnyEvent
from asyncchat.core.modes import BANS, MUTES, OPENED_FLAGS
from asyncchat.core.people import Person, from_origin
from asyncchat.core.rooms import Mark, Room

_NOBODY = from_origin("")
"""Stands where a fact names who caused it and the chat's state does not keep who that was."""


_log = logging.getLogger(__name__)


def snapshot(facts: Iterable[AnyEvent]) -> tuple[AnyEvent, ...] | None:
    """A few facts of kind ``Kept.STATE`` that give the same chat as all of these.

    Returns:
        The facts, or None when it can't be said in few: then the long list has to stay. That is so where the
        chat learned to keep something that this module does not know of yet, or where the facts make no chat.
    """
    try:
        chat = Chat.replay(facts)
        few = tuple(_facts(chat))
        return few if Chat.replay(few).state() == chat.state() else None
    except LookupError:
        # What makes no chat stops the next start, where it can be said. Here it must not stop an append.
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
