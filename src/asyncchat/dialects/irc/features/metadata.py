"""Metadata of people and rooms, for programs: METADATA (IRCv3 metadata), before registration too.

Owns the command's language and its lines; who may set what stands in the core.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.metadata import api, state
from asyncchat.core.names import fold
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import BATCH, capability
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import by_other, command, lines, reply, to_self
from asyncchat.dialects.irc.serialize import line, middle
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

METADATA: Final = capability(
    "draft/metadata-2",
    "extensions/metadata",
    value=f"before-connect,max-subs={state.SUBSCRIBED_EACH},max-keys={state.KEYS_EACH},max-value-bytes={state.VALUE_BYTES}",
    changes=True,
    needs=("batch",),
)

EVERYBODY: Final = "*"
"""The visibility of a key that all may see; there are no others."""

KEYS_A_LINE: Final = 13
"""Keys in one line: with the nick 14 parameters, as many as any parser takes apart (RFC 1459, 2.3.1)."""

KEYS_BYTES: Final = 380
"""The same in bytes, beside any nick and server name."""


def metadata_line(source: str, target: str, key: str, value: str | None) -> bytes:
    """A METADATA line; without a value: there is none any more."""
    return line(f":{source} METADATA {target} {key} {EVERYBODY}", value)


def in_batch(
    session: IrcSession, kind: str, params: Sequence[str], lines: Iterable[bytes]
) -> Iterator[bytes]:
    """Lines as a batch, for clients that know batches."""
    if not session.caps_out & BATCH:
        yield from lines
        return
    ref = session.next_batch()
    tag = f"@batch={ref} ".encode()
    yield line(" ".join((f":{session.context.name} BATCH +{ref} {kind}", *params)))
    for one in lines:
        yield tag + one
    yield line(f":{session.context.name} BATCH -{ref}")


def told_lines(session: IrcSession, told: Iterable[api.Told]) -> Iterator[bytes]:
    """A METADATA line for each value."""
    return (metadata_line(session.context.name, *one) for one in told)


def key_lines(session: IrcSession, code: str, keys: Iterable[str]) -> list[bytes]:
    """Keys in as many numerics as they need."""
    rows: list[list[str]] = []
    for key in keys:
        if not rows or len(rows[-1]) == KEYS_A_LINE or len(" ".join((*rows[-1], key))) > KEYS_BYTES:
            rows.append([])
        rows[-1].append(key)
    return [session.numeric(code, *row) for row in rows]


Keys = tuple[str, ...]

Commands = Sequence[Command]

_SELF = "*"


@command(
    "METADATA <target>|* <subcommand> [<key>...|<key> [:<value>]]",
    "Reads and sets metadata of people and channels for programs, such as an avatar, and subscribes "
    "to keys. Subcommands: GET, LIST, SET, CLEAR, SUB, UNSUB, SUBS, SYNC.",
    early=True,
)
def _metadata(session: IrcSession, message: Message) -> Commands:
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
    mine = target == _SELF
    if subcommand in _FOR_SELF and session.entered and fold(target) == fold(session.nick):
        mine = True
    if not mine and (subcommand in _FOR_SELF or not session.entered):
        return [_refused(session, "INVALID_TARGET", middle(target), text="The target must be *")]
    return handler(session, "" if mine else target, rest)


def _refused(session: IrcSession, code: str, *context: str, text: str) -> DialectReply:
    return session.fail_answer("METADATA", code, *context, text=text)


def _get(session: IrcSession, target: str, keys: Keys | None) -> Commands:
    if session.entered:
        return [api.GetMetadata(target, keys)]
    return [api.GetMetadata("", keys, session.registration.account, session.registration.metadata)]


def _set(session: IrcSession, target: str, rest: Keys) -> Commands:
    """A client that forgot the colon before a value of several words means all of them."""
    key, value = rest[0], " ".join(rest[1:]) if len(rest) > 1 else None
    if session.entered:
        return [api.SetMetadata(target, key, value)]
    if not state.is_key(key):
        return [DialectReply(api.MetadataRefused(api.MetadataFault.KEY, "", key))]
    return _prepare(session, key, value)


def _clear(session: IrcSession, target: str, _rest: Keys) -> Commands:
    return [api.ClearMetadata(target)] if session.entered else _prepare(session, "", None)


def _prepare(session: IrcSession, key: str, value: str | None) -> Commands:
    """Before registration the next line is read when this one's answer is known."""
    pending = session.registration
    return [api.PrepareMetadata(pending.account, pending.metadata, key, value)]


def _sync(session: IrcSession, target: str, _rest: Keys) -> Commands:
    if session.entered:
        return [api.SyncMetadata(target)]
    return [DialectReply(api.MetadataTold(_SELF, (), asked=True))]


def _sub(session: IrcSession, _target: str, keys: Keys) -> Commands:
    if session.entered:
        return [api.Subscribe(keys, session.session)]
    pending = session.registration
    result = state.subscribing(pending.keys, keys)
    pending.keys = tuple(dict.fromkeys((*pending.keys, *result.granted)))
    return [DialectReply(api.SubscribedNow(result, True))]


def _unsub(session: IrcSession, _target: str, keys: Keys) -> Commands:
    if session.entered:
        return [api.Unsubscribe(keys, session.session)]
    valid = tuple(dict.fromkeys(key for key in keys if state.is_key(key)))
    invalid = tuple(dict.fromkeys(key for key in keys if not state.is_key(key)))
    session.registration.keys = tuple(key for key in session.registration.keys if key not in valid)
    return [DialectReply(api.SubscribedNow(api.Subscribing(valid, invalid), False))]


def _subs(session: IrcSession, _target: str, _rest: Keys) -> Commands:
    if session.entered:
        return [api.GetSubscribed(session.session)]
    return [DialectReply(api.SubscriptionsView(session.registration.keys))]


_SUBCOMMANDS: dict[str, Callable[[IrcSession, str, Keys], Commands]] = {
    "GET": _get,
    "LIST": lambda session, target, _rest: _get(session, target, None),
    "SET": _set,
    "CLEAR": _clear,
    "SUB": _sub,
    "UNSUB": _unsub,
    "SUBS": _subs,
    "SYNC": _sync,
}

_WITH_KEYS = frozenset(("GET", "SET", "SUB", "UNSUB"))

_FOR_SELF = frozenset(("SUB", "UNSUB", "SUBS"))


@reply(api.MetadataView)
def _say_view(session: IrcSession, view: api.MetadataView) -> Iterator[bytes]:
    """A batch of all values, or of an answer for each key that was asked for."""
    name = view.name or _SELF
    if view.keys is None:
        lines = [_value(session, name, key, value) for key, value in view.values]
    else:
        values = dict(view.values)
        lines = [
            _value(session, name, key, values.get(key)) if state.is_key(key) else _bad_key(session, key)
            for key in view.keys
        ]
    return in_batch(session, "metadata", (name,), lines)


def _value(session: IrcSession, name: str, key: str, value: str | None) -> bytes:
    if value is None:
        return session.numeric(numerics.RPL_KEYNOTSET, name, key, text="key not set")
    return session.numeric(numerics.RPL_KEYVALUE, name, key, EVERYBODY, text=value)


def _bad_key(session: IrcSession, key: str) -> bytes:
    return session.fail("METADATA", "KEY_INVALID", middle(key), text=_sentence(api.MetadataFault.KEY))


def _sentence(fault: api.MetadataFault) -> str:
    return fault.value[:1].upper() + fault.value[1:]


@reply(api.MetadataNow)
def _say_now(session: IrcSession, reply: api.MetadataNow) -> bytes:
    return _value(session, reply.target or _SELF, reply.key, reply.value)


@reply(api.MetadataPrepared)
def _say_prepared(session: IrcSession, reply: api.MetadataPrepared) -> bytes:
    """As ``say_now``; the value is remembered until the session is registered."""
    session.registration.metadata = reply.pending
    return session.say((reply.told,))


@reply(api.MetadataTold)
def _say_told(session: IrcSession, reply: api.MetadataTold) -> Iterator[bytes]:
    """METADATA lines, those of one target as a batch; unasked only to clients that negotiated it."""
    if not reply.asked and not session.caps_out & METADATA:
        return iter(())
    lines = told_lines(session, reply.told)
    return in_batch(session, "metadata", (reply.target,), lines) if reply.target else lines


@reply(api.MetadataLater)
def _say_later(session: IrcSession, reply: api.MetadataLater) -> bytes:
    return session.numeric(numerics.RPL_METADATASYNCLATER, reply.room, str(reply.seconds))


def say_joined(session: IrcSession, reply: api.MetadataTold | api.MetadataLater | None) -> bytes:
    """A room's metadata for a session that joins it, if it negotiated that."""
    return b"" if reply is None or not session.caps_out & METADATA else session.say((reply,))


@reply(api.SubscribedNow)
def _say_subscribed(session: IrcSession, reply: api.SubscribedNow) -> bytes:
    """The keys that are told from now on, or no longer, and why not the others."""
    result = reply.result
    code = numerics.RPL_METADATASUBOK if reply.on else numerics.RPL_METADATAUNSUBOK
    lines = key_lines(session, code, result.granted)
    lines += [_bad_key(session, key) for key in result.invalid]
    if result.over:
        text = "Too many subscriptions: this key and those after it were not taken"
        lines.append(session.fail("METADATA", "TOO_MANY_SUBS", result.over, text=text))
    return b"".join(lines)


@reply(api.SubscriptionsView)
def _say_subscriptions(session: IrcSession, view: api.SubscriptionsView) -> Iterator[bytes]:
    return in_batch(session, "metadata-subs", (), key_lines(session, numerics.RPL_METADATASUBS, view.keys))


_CODES: dict[api.MetadataFault, tuple[str, Callable[[api.MetadataRefused], tuple[str, ...]]]] = {
    api.MetadataFault.NO_TARGET: ("INVALID_TARGET", lambda r: (r.target,)),
    api.MetadataFault.KEY: ("KEY_INVALID", lambda r: (r.key,)),
    api.MetadataFault.NOT_YOURS: ("KEY_NO_PERMISSION", lambda r: (r.target, r.key)),
    api.MetadataFault.NOT_SET: ("KEY_NOT_SET", lambda r: (r.target, r.key)),
    api.MetadataFault.TOO_LONG: ("VALUE_INVALID", lambda _: ()),
    api.MetadataFault.FULL: ("LIMIT_REACHED", lambda r: (r.target,)),
    api.MetadataFault.SILENCED: ("KEY_NO_PERMISSION", lambda r: (r.target, r.key)),
    api.MetadataFault.TOO_FAST: ("RATE_LIMITED", lambda r: (r.target, r.key, str(r.seconds))),
}
"""FAIL's code and context for each fault (metadata, "Standard Replies")."""


@reply(api.MetadataRefused)
def _say_refused(session: IrcSession, refusal: api.MetadataRefused) -> bytes:
    code, context = _CODES[refusal.fault]
    words = (middle(part) for part in context(refusal))
    return session.fail("METADATA", code, *words, text=_sentence(refusal.fault))


@lines(api.MetadataShown, cause=by_other)
def _shown_lines(encoder: EncoderBase, event: api.MetadataShown) -> bytes:
    if not encoder.caps & METADATA:
        return b""
    source = encoder.source if event.by is None else event.by.origin
    return metadata_line(source, event.target, event.key, event.value)


@to_self(api.MetadataShown)
def _shown(session: IrcSession, record: Record, event: api.MetadataShown) -> bytes:
    """Tells what logging in changed; what one changed oneself is answered."""
    return session.encoder.encode(record) if event.by is None and session.id in event.to else b""
