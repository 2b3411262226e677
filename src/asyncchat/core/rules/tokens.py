"""Tokens: who may make and revoke one, and what is said with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.accounts import SERVER
from asyncchat.core.names import fold, name_fault, room_fault
from asyncchat.core.replies import CannotSpeakReason, TokenFault, TokenRefused
from asyncchat.core.rules.speech import unwanted
from asyncchat.core.text import TEXT_BYTES, size
from asyncchat.core.tokens import ACTIONS, ALL_ROOMS, KEY_MICROSECONDS, POST, ROOMS, TOKENS

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule
    from asyncchat.core.tokens import Token

_BOT: events.Tags = (("bot", ""),)
"""IRCv3 "bot mode": what a bot says is tagged as such."""


def new_token(chat: Chat, who: int, command: commands.NewToken, now: int) -> Items:
    """Makes a token, for the server and its owner."""
    refusal = _unmakable(chat, who, command)
    if refusal is not None:
        return (refusal,)
    rooms = (ALL_ROOMS,) if ALL_ROOMS in command.rooms else tuple(dict.fromkeys(command.rooms))
    actions = tuple(action for action in ACTIONS if action in command.actions)
    return (events.TokenMade(command.name, command.digest, rooms, actions, now),)


def _unmakable(chat: Chat, who: int, command: commands.NewToken) -> TokenRefused | None:
    name = command.name
    key = fold(name)
    wrong_room = next((r for r in command.rooms if r != ALL_ROOMS and room_fault(r) is not None), None)
    wrong_action = next((action for action in command.actions if action not in ACTIONS), None)
    fault: TokenFault | None = None
    detail = ""
    if who != SERVER and who not in chat.owners:
        fault = TokenFault.OTHERS
    elif name_fault(name) is not None:
        fault, detail = TokenFault.NOT_ALLOWED, name_fault(name) or ""
    elif key in chat.tokens:
        fault = TokenFault.EXISTS
    elif key in chat.accounts or key in chat.holders:
        fault = TokenFault.HELD
    elif not command.rooms:
        fault = TokenFault.NO_ROOMS
    elif len(command.rooms) > ROOMS:
        fault = TokenFault.TOO_MANY_ROOMS
    elif wrong_room is not None:
        fault, detail = TokenFault.ROOM, f"{wrong_room}: {room_fault(wrong_room)}"
    elif not command.actions:
        fault = TokenFault.NO_ACTIONS
    elif wrong_action is not None:
        fault, detail = TokenFault.ACTION, f"{wrong_action}; there are {', '.join(ACTIONS)}"
    elif len(chat.tokens) >= TOKENS:
        fault = TokenFault.FULL
    return None if fault is None else TokenRefused(fault, name, detail)


def revoke_token(chat: Chat, who: int, command: commands.RevokeToken, now: int) -> Items:
    """Revokes a token, for the server and its owner."""
    if who != SERVER and who not in chat.owners:
        return (TokenRefused(TokenFault.OTHERS, command.name),)
    token = chat.tokens.get(fold(command.name))
    if token is None:
        return (TokenRefused(TokenFault.UNKNOWN, command.name),)
    return (events.TokenRevoked(token.name, now),)


def post(chat: Chat, _who: int, command: commands.Post, now: int) -> Items:
    """Says something in a room for a bot, which is nowhere and needs nobody there.

    What the room's modes ask of people, its token has; a ban and a mute hold for it as for anyone.
    """
    token = chat.tokens.get(fold(command.token))
    if token is None or not token.allows(POST, command.room):
        return (TokenRefused(TokenFault.FORBIDDEN, command.token),)
    before = chat.posted.get((token.digest, command.key)) if command.key else None
    if before is not None and now - before.time < KEY_MICROSECONDS:
        return (replies.PostedBefore(before.asked, before.room, before.time),)
    said = _said(chat, token, command)
    if isinstance(said, replies.Refusal):
        return (said,)
    if not command.key:
        return (said,)
    return (said, events.PostedOnce(token.digest, command.key, command.asked, said.room, now))


def _said(chat: Chat, token: Token, command: commands.Post) -> events.Said | replies.Refusal:
    fault = room_fault(command.room)
    if fault is not None:
        return replies.RoomNotAllowed(command.room, fault)
    if size(command.text) > TEXT_BYTES:
        return replies.TextTooLong(TEXT_BYTES)
    if not command.text:
        return replies.NoText()
    bot = token.bot
    room = chat.room_named(command.room)
    if room is None:
        return events.Said(command.room, bot, command.text, command.speech, _BOT)
    reason = unwanted(room, command.text, command.speech)
    if room.bans_person(bot):
        reason = CannotSpeakReason.BANNED
    elif room.mutes_person(bot):
        reason = CannotSpeakReason.MUTED
    if reason is not None:
        return replies.CannotSpeak(room.name, reason)
    return events.Said(room.name, bot, command.text, command.speech, _BOT)


RULES: dict[type[commands.Command], Rule] = {
    commands.NewToken: new_token,
    commands.RevokeToken: revoke_token,
    commands.Post: post,
}
