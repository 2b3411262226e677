"""What may be done with a message or a person: the entries of their menus.

Owns which of them are offered to whom; what each does is a slash command, or the application's. The server
decides in the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from asyncchat.core.names import fold
from asyncchat.tui.conversation import Conversation, Said
from asyncchat.tui.wrapping import one_line

REACTIONS = ("👍", "❤️", "😂", "🎉", "👀", "✅")
"""Reactions that are offered; others can be typed."""

_RANKS = "+%@&~"
"""Prefixes of roles, the lowest first."""

_REASON = "a reason, or nothing"

_MODERATES = _RANKS.index("%")
_RULES = _RANKS.index("@")


@dataclass(frozen=True, slots=True)
class Action:
    """An entry of a menu.

    Attributes:
        label: what it says.
        key: the key that chooses it; '': none.
        does: the application's action; '': it is a line to obey.
        line: a slash command, or what the action is given.
        is_draft: whether the line is put into the composer, so that the person can complete it.
        question: what is asked before it is done; '': nothing. What is typed there is added to the line.
        hint: what may be typed there.
    """

    label: str
    key: str = ""
    does: str = ""
    line: str = ""
    is_draft: bool = False
    question: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Who we are in a room: our nick, and who has which prefixes there."""

    nick: str
    prefixes: Mapping[str, str]

    def rank(self, nick: str) -> int:
        """How high a member's highest role is; -1 for none."""
        held = {fold(name): signs for name, signs in self.prefixes.items()}.get(fold(nick), "")
        return max((_RANKS.find(sign) for sign in held), default=-1)

    def outranks(self, nick: str) -> bool:
        """Whether we may moderate a person: we have a role for it, and none that is lower."""
        own = self.rank(self.nick)
        return own >= _MODERATES and own >= self.rank(nick) and fold(nick) != fold(self.nick)


def message_actions(conversation: Conversation, entry: Said, standing: Standing) -> list[Action]:
    """What may be done with a message."""
    message = entry.message
    if entry.redacted or not message.id:
        return [Action("Copy the text", "c", "copy")] if not entry.redacted else []
    actions = [
        Action("Reply", "r", "reply"),
        Action("React…", "+", "react"),
        Action("Copy the text", "c", "copy"),
    ]
    may_moderate = not conversation.is_private and standing.outranks(message.nick)
    if message.own:
        actions.append(Action("Edit", "e", "edit"))
    if entry.edited:
        actions.append(Action("Show earlier texts", "h", line=f"/edits {message.id}"))
    if not conversation.is_private and standing.rank(standing.nick) >= _MODERATES:
        actions.append(Action("Pin", "p", line=f"/pin {message.id}"))
        actions.append(Action("Unpin", "u", line=f"/unpin {message.id}"))
    if message.own or may_moderate:
        verb = "Take back" if message.own else "Remove"
        asked = f"{verb}: {one_line(message.text, 40)}"
        actions.append(Action(f"{verb}…", "d", "redact", question=asked, hint=_REASON))
    if not message.own and not entry.is_of_server:
        actions.append(Action(f"{message.nick}…", "n", "person", message.nick))
    return actions


def person_actions(conversation: Conversation, nick: str, standing: Standing, ignored: bool) -> list[Action]:
    """What may be done with a person."""
    if fold(nick) == fold(standing.nick):
        return [Action("Change your name…", "n", line="/nick ", is_draft=True)]
    actions = [
        Action("Write privately", "w", "open", nick),
        Action("Mention", "m", line=f"{nick}: ", is_draft=True),
        Action("Who is it?", "i", line=f"/who {nick}"),
        Action("Stop ignoring" if ignored else "Ignore", "g", line=f"/{'un' * ignored}ignore {nick}"),
    ]
    if conversation.is_private or not standing.outranks(nick):
        return actions
    actions += [
        Action("Kick…", "k", line=f"/kick {nick}", question=f"Kick {nick}", hint=_REASON),
        Action("Mute for 10 minutes", line=f"/mute {nick} 10m"),
        Action("Mute", line=f"/mute {nick}"),
        Action("Unmute", line=f"/unmute {nick}"),
        Action("Ban…", "b", line=f"/ban {nick}", question=f"Ban {nick}", hint="30m, 2h, 7d; else for good"),
    ]
    held = next((signs for name, signs in standing.prefixes.items() if fold(name) == fold(nick)), "")
    if "+" in held:
        actions.append(Action("Take voice back", line=f"/unvoice {nick}"))
    else:
        actions.append(Action("Give voice", line=f"/voice {nick}"))
    if standing.rank(standing.nick) >= _RULES:
        if "@" in held:
            actions.append(Action("Take operator back", line=f"/deop {nick}"))
        else:
            actions.append(Action("Make operator", line=f"/op {nick}"))
    return actions


def room_actions(conversation: Conversation, standing: Standing) -> list[Action]:
    """What may be done with a room."""
    actions = [
        Action("Pinned messages", "p", line="/pins"),
        Action("Invite somebody…", "i", line="/invite ", is_draft=True),
        Action("Rules of the room", "u", line="/rule"),
    ]
    if standing.rank(standing.nick) >= _MODERATES:
        actions += [
            Action("Set the topic…", "t", line="/topic ", is_draft=True),
            Action("Who is banned", "b", line="/ban"),
            Action("Who is muted", "m", line="/mute"),
        ]
    if standing.rank(standing.nick) >= _RULES:
        actions += [
            Action("Make an invitation's code", "c", line="/invitecode"),
            Action("Set a rule…", line="/rule ", is_draft=True),
            Action("Rename the room…", line="/rename-room ", is_draft=True),
        ]
    if conversation.is_joined:
        actions.append(Action("Leave the room", "l", "leave_room"))
    return actions
