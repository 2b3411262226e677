"""What people and rooms carry for programs: METADATA (IRCv3 metadata), before one enters too.

Owns the command's language; who may set what stands in ``core.rules.metadata``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.metadata import Subscribing, is_key, subscribing
from asyncchat.core.names import fold
from asyncchat.core.replies import MetadataFault
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import METADATA
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, ResumeReading, fail
from asyncchat.dialects.irc.metadata_lines import EVERYBODY, in_batch, key_lines, told_lines
from asyncchat.dialects.irc.serialize import middle
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

Keys = tuple[str, ...]
Commands = Sequence[core.Command]

_ONESELF = "*"


def metadata(session: IrcDialect, message: Message) -> Commands:
    """Reads or sets values, or says of which ones the client wants to be told."""
    target, subcommand = message.param(0), message.param(1).upper()
    if not target or not subcommand:
        return [_refused(session, "NEED_MORE_PARAMS", text="Missing parameters")]
    handler = _SUBCOMMANDS.get(subcommand)
    if handler is None:
        given = middle(message.params[1])
        return [_refused(session, "SUBCOMMAND_INVALID", given, text=f"Known are {' '.join(_SUBCOMMANDS)}")]
    rest = message.params[2:]
    if subcommand in _WITH_KEYS and not rest:
        return [_refused(session, "NEED_MORE_PARAMS", subcommand, text="Missing parameters")]
    mine = target == _ONESELF
    if subcommand in _FOR_ONESELF and session.entered and fold(target) == fold(session.nick):
        mine = True
    if not mine and (subcommand in _FOR_ONESELF or not session.entered):
        return [_refused(session, "INVALID_TARGET", middle(target), text="The target must be *")]
    return handler(session, "" if mine else target, rest)


def _refused(session: IrcDialect, code: str, *context: str, text: str) -> core.Answer:
    return session.said(fail("METADATA", code, *context, text=text))


def _get(session: IrcDialect, target: str, keys: Keys) -> Commands:
    return [_ask(session, target, keys)]


def _list(session: IrcDialect, target: str, _rest: Keys) -> Commands:
    return [_ask(session, target, None)]


def _ask(session: IrcDialect, target: str, keys: Keys | None) -> core.Command:
    if session.entered:
        return core.AskMetadata(target, keys)
    return core.AskMetadata("", keys, session.registration.account, session.registration.metadata)


def _set(session: IrcDialect, target: str, rest: Keys) -> Commands:
    """Who forgets the colon before a value of several words means all of them."""
    key, value = rest[0], " ".join(rest[1:]) if len(rest) > 1 else None
    if session.entered:
        return [core.SetMetadata(target, key, value)]
    if not is_key(key):
        return [core.Answer(replies.MetadataRefused(MetadataFault.KEY, "", key))]
    return _prepare(session, key, value)


def _clear(session: IrcDialect, target: str, _rest: Keys) -> Commands:
    return [core.ClearMetadata(target)] if session.entered else _prepare(session, "", None)


def _prepare(session: IrcDialect, key: str, value: str | None) -> Commands:
    """Before one enters, the next line is read when this one's answer is known."""
    arrival = session.registration
    session.pause()
    return [core.PrepareMetadata(arrival.account, arrival.metadata, key, value), core.Answer(ResumeReading())]


def _sync(session: IrcDialect, target: str, _rest: Keys) -> Commands:
    if session.entered:
        return [core.SyncMetadata(target)]
    return [core.Answer(replies.MetadataTold(_ONESELF, (), asked=True))]


def _sub(session: IrcDialect, _target: str, keys: Keys) -> Commands:
    if session.entered:
        return [core.Subscribe(keys, session.session)]
    arrival = session.registration
    result = subscribing(arrival.keys, keys)
    arrival.keys = tuple(dict.fromkeys((*arrival.keys, *result.granted)))
    return [core.Answer(replies.SubscribedNow(result, True))]


def _unsub(session: IrcDialect, _target: str, keys: Keys) -> Commands:
    if session.entered:
        return [core.Unsubscribe(keys, session.session)]
    valid = tuple(dict.fromkeys(key for key in keys if is_key(key)))
    invalid = tuple(dict.fromkeys(key for key in keys if not is_key(key)))
    session.registration.keys = tuple(key for key in session.registration.keys if key not in valid)
    return [core.Answer(replies.SubscribedNow(Subscribing(valid, invalid), False))]


def _subs(session: IrcDialect, _target: str, _rest: Keys) -> Commands:
    if session.entered:
        return [core.AskSubscribed(session.session)]
    return [core.Answer(replies.SubscriptionsView(session.registration.keys))]


_SUBCOMMANDS: dict[str, Callable[[IrcDialect, str, Keys], Commands]] = {
    "GET": _get,
    "LIST": _list,
    "SET": _set,
    "CLEAR": _clear,
    "SUB": _sub,
    "UNSUB": _unsub,
    "SUBS": _subs,
    "SYNC": _sync,
}
_WITH_KEYS = frozenset(("GET", "SET", "SUB", "UNSUB"))
_FOR_ONESELF = frozenset(("SUB", "UNSUB", "SUBS"))


# What is said to it.


def say_view(session: IrcDialect, view: replies.MetadataView) -> bytes:
    """A batch of all values, or of an answer for each key that was asked for."""
    name = view.name or _ONESELF
    if view.keys is None:
        lines = [_value(session, name, key, value) for key, value in view.values]
    else:
        values = dict(view.values)
        lines = [
            _value(session, name, key, values.get(key)) if is_key(key) else _bad_key(session, key)
            for key in view.keys
        ]
    return in_batch(session, "metadata", (name,), lines)


def _value(session: IrcDialect, name: str, key: str, value: str | None) -> bytes:
    if value is None:
        return session.numeric(numerics.RPL_KEYNOTSET, name, key, text="key not set")
    return session.numeric(numerics.RPL_KEYVALUE, name, key, EVERYBODY, text=value)


def _bad_key(session: IrcDialect, key: str) -> bytes:
    return session.fail(fail("METADATA", "KEY_INVALID", middle(key), text=_sentence(MetadataFault.KEY)))


def _sentence(fault: MetadataFault) -> str:
    return fault.value[:1].upper() + fault.value[1:]


def say_now(session: IrcDialect, reply: replies.MetadataNow) -> bytes:
    """The new value, or that there is none."""
    return _value(session, reply.target or _ONESELF, reply.key, reply.value)


def say_prepared(session: IrcDialect, reply: replies.MetadataPrepared) -> bytes:
    """The same to who has not entered yet, which is remembered until then."""
    session.registration.metadata = reply.pending
    return session.say((reply.told,))


def say_told(session: IrcDialect, reply: replies.MetadataTold) -> bytes:
    """METADATA lines, those of one target as a batch; unasked only to who knows them."""
    if not reply.asked and not session.caps_out & METADATA:
        return b""
    lines = told_lines(session, reply.told)
    return in_batch(session, "metadata", (reply.target,), lines) if reply.target else b"".join(lines)


def say_later(session: IrcDialect, reply: replies.MetadataLater) -> bytes:
    """That a room's metadata is to be asked for, and when."""
    return session.numeric(numerics.RPL_METADATASYNCLATER, reply.room, str(reply.seconds))


def say_joined(session: IrcDialect, reply: replies.MetadataTold | replies.MetadataLater | None) -> bytes:
    """What who joins a room is told of it, where it knows metadata."""
    return b"" if reply is None or not session.caps_out & METADATA else session.say((reply,))


def say_subscribed(session: IrcDialect, reply: replies.SubscribedNow) -> bytes:
    """The keys that are told from now on, or no longer, and why not the others."""
    result = reply.result
    code = numerics.RPL_METADATASUBOK if reply.on else numerics.RPL_METADATAUNSUBOK
    lines = key_lines(session, code, result.granted)
    lines += [_bad_key(session, key) for key in result.invalid]
    if result.over:
        text = "Too many subscriptions: this key and those after it were not taken"
        lines.append(session.fail(fail("METADATA", "TOO_MANY_SUBS", result.over, text=text)))
    return b"".join(lines)


def say_subscriptions(session: IrcDialect, view: replies.SubscriptionsView) -> bytes:
    """A batch of the keys."""
    return in_batch(session, "metadata-subs", (), key_lines(session, numerics.RPL_METADATASUBS, view.keys))


_CODES: dict[MetadataFault, tuple[str, Callable[[replies.MetadataRefused], tuple[str, ...]]]] = {
    MetadataFault.NO_TARGET: ("INVALID_TARGET", lambda r: (r.target,)),
    MetadataFault.KEY: ("KEY_INVALID", lambda r: (r.key,)),
    MetadataFault.NOT_YOURS: ("KEY_NO_PERMISSION", lambda r: (r.target, r.key)),
    MetadataFault.NOT_SET: ("KEY_NOT_SET", lambda r: (r.target, r.key)),
    MetadataFault.TOO_LONG: ("VALUE_INVALID", lambda _: ()),
    MetadataFault.FULL: ("LIMIT_REACHED", lambda r: (r.target,)),
    MetadataFault.TOO_FAST: ("RATE_LIMITED", lambda r: (r.target, r.key, str(r.seconds))),
}
"""FAIL's code and context for each fault (metadata, "Standard Replies")."""


def say_refused(session: IrcDialect, refusal: replies.MetadataRefused) -> bytes:
    """A FAIL."""
    code, context = _CODES[refusal.fault]
    words = (middle(part) for part in context(refusal))
    return session.fail(fail("METADATA", code, *words, text=_sentence(refusal.fault)))


COMMANDS: dict[str, CommandSpec] = {
    "METADATA": CommandSpec(
        metadata,
        early=True,
        params="<target>|* <subcommand> [<key>...|<key> [:<value>]]",
        about=(
            "Reads and sets what people and channels carry for programs, such as an avatar, and says of "
            "which keys you want to hear. Subcommands: GET, LIST, SET, CLEAR, SUB, UNSUB, SUBS, SYNC."
        ),
    ),
}

REPLIES: dict[type, ReplyEncoder] = {
    replies.MetadataView: say_view,
    replies.MetadataNow: say_now,
    replies.MetadataPrepared: say_prepared,
    replies.MetadataTold: say_told,
    replies.MetadataLater: say_later,
    replies.SubscribedNow: say_subscribed,
    replies.SubscriptionsView: say_subscriptions,
    replies.MetadataRefused: say_refused,
}
