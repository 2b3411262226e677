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
from asyncchat.dialects.irc.capabilities import capability
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import by_the_server, command, lines, not_to_self, reply, tagged, to_self
from asyncchat.dialects.irc.serialize import line, middle, numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

_LIMITS = (
    f"before-connect,max-subs={state.SUBSCRIBED_EACH},max-keys={state.KEYS_EACH}"
    f",max-value-bytes={state.VALUE_BYTES}"
)

METADATA: Final = capability(
    "draft/metadata-3", "extensions/metadata", value=_LIMITS, changes=True, needs=("batch",)
) | capability("draft/metadata-2", "extensions/metadata", value=_LIMITS, changes=True, needs=("batch",))
"""The draft under both its names: clients of the older one read its numerics, too."""

EVERYBODY: Final = "*"
"""The visibility of a key that all may see; there are no others."""

KEYS_A_LINE: Final = 13
"""Keys in one line: with the nick 14 parameters, as many as any parser takes apart (RFC 1459, 2.3.1)."""

KEYS_BYTES: Final = 380
"""The same in bytes, beside any nick and server name."""


def value_line(source: str, client: str, target: str, key: str, value: str | None) -> bytes:
    """761 or 766: the value under a key, or that there is none; ``client`` may be ``*``."""
    if value is None:
        return line(f":{source} {numerics.RPL_KEYNOTSET} {client} {target} {key}", "key not set")
    return line(f":{source} {numerics.RPL_KEYVALUE} {client} {target} {key} {EVERYBODY}", value)


def _in_batch(session: IrcSession, kind: str, lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines as a batch, for clients that know batches."""

    def tagged_with(ref: str) -> Iterable[bytes]:
        return (f"@batch={ref} ".encode() + one for one in lines) if ref else lines

    return session.in_batch("m", kind, tagged_with)


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

ALL: Final = "*ALL"
"""The target of a SYNC of all that the client may be told (metadata, "METADATA SYNC")."""


@command(
    "METADATA <target>|* <subcommand> [<key>...|<key> [:<value>]]",
    "Reads and sets metadata of people and channels for programs, such as an avatar, and subscribes "
    "to keys. Subcommands: GET, LIST, SET, CLEAR, SUB, UNSUB, SUBS, SYNC (with the target *ALL: of all).",
    least=2,
    early=True,
)
def _metadata(session: IrcSession, message: Message) -> Commands:
    target, subcommand, *rest = message.params
    subcommand = subcommand.upper()
    handler = _SUBCOMMANDS.get(subcommand)
    if handler is None:
        text = f"Known are {' '.join(_SUBCOMMANDS)}"
        return [session.fail_answer("METADATA", "INVALID_PARAMS", middle(message.params[1]), text=text)]
    if subcommand in _WITH_KEYS and not rest:
        return [numeric(numerics.ERR_NEEDMOREPARAMS, "METADATA", text="Not enough parameters")]
    mine = target == _SELF
    if subcommand in _FOR_SELF and session.entered and fold(target) == fold(session.nick):
        mine = True
    if not mine and (subcommand in _FOR_SELF or not session.entered):
        text = "The target must be *"
        return [session.fail_answer("METADATA", "INVALID_TARGET", middle(target), text=text)]
    return handler(session, "" if mine else target, tuple(rest))


def _get(session: IrcSession, target: str, keys: Keys | None) -> Commands:
    if session.entered:
        return [api.GetMetadata(target, keys)]
    set_so_far = tuple((key, value) for key, value in session.registration.metadata if value is not None)
    return [DialectReply(api.MetadataView("", set_so_far, keys))]


def _set(session: IrcSession, target: str, rest: Keys) -> Commands:
    """A client that forgot the colon before a value of several words means all of them.

    Before registration the value is remembered; what then can't be set is left out.
    """
    key, value = rest[0], " ".join(rest[1:]) or None
    if session.entered:
        return [api.SetMetadata(target, key, value)]
    pending = dict(session.registration.metadata)
    fault = state.fault_of(dict.fromkeys(pending, ""), key, value)
    if fault is None and (value is not None or key in pending or len(pending) < state.KEYS_EACH):
        session.registration.metadata = tuple({**pending, key: value}.items())
    return [DialectReply(api.MetadataRefused(fault, "", key) if fault else api.MetadataNow("", key, value))]


def _clear(session: IrcSession, target: str, _rest: Keys) -> Commands:
    if session.entered:
        return [api.ClearMetadata(target)]
    keys = tuple(key for key, _ in session.registration.metadata)
    session.registration.metadata = ()
    return [DialectReply(api.MetadataView("", (), keys))]


def _sync(session: IrcSession, target: str, _rest: Keys) -> Commands:
    if session.entered:
        return [api.SyncMetadata(target, target.upper() == ALL)]
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
    pending = session.registration
    pending.keys = tuple(key for key in pending.keys if key not in keys)
    return [DialectReply(api.SubscribedNow(state.unsubscribing(keys), False))]


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
    name, values = view.name or _SELF, dict(view.values)
    lines = [
        _value(session, name, key, values.get(key)) if state.is_key(key) else _bad_key(session, key)
        for key in (values if view.keys is None else view.keys)
    ]
    return _in_batch(session, f"metadata {name}", lines)


def _value(session: IrcSession, name: str, key: str, value: str | None) -> bytes:
    return value_line(session.context.name, session.nick or _SELF, name, key, value)


def _bad_key(session: IrcSession, key: str) -> bytes:
    return session.fail("METADATA", "INVALID_KEY", middle(key), text=_sentence(api.MetadataFault.KEY))


def _sentence(fault: api.MetadataFault) -> str:
    return fault.value[:1].upper() + fault.value[1:]


@reply(api.MetadataNow)
def _say_now(session: IrcSession, reply: api.MetadataNow) -> bytes:
    return _value(session, reply.target or _SELF, reply.key, reply.value)


@reply(api.MetadataTold)
def _say_told(session: IrcSession, reply: api.MetadataTold) -> Iterator[bytes]:
    """Values as a batch; unasked only to clients that negotiated it."""
    if not reply.asked and not session.caps_out & METADATA:
        return iter(())
    lines = (value_line(session.context.name, _SELF, *one) for one in reply.told)
    return _in_batch(session, f"metadata {reply.target or ALL}", lines)


@reply(api.MetadataLater)
def _say_later(session: IrcSession, reply: api.MetadataLater) -> bytes:
    words = (reply.target or ALL, str(reply.seconds))
    return session.numeric(numerics.RPL_METADATASYNCLATER, *words, text="Ask for it with METADATA SYNC")


def say_unasked(session: IrcSession, reply: api.MetadataTold | api.MetadataLater | None) -> bytes:
    """The metadata of a room that a session joins, or its own when it enters, if it negotiated that."""
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
        words = result.over, str(state.SUBSCRIBED_EACH)
        lines.append(session.fail("METADATA", "LIMIT_REACHED", *words, text=text))
    return b"".join(lines)


@reply(api.SubscriptionsView)
def _say_subscriptions(session: IrcSession, view: api.SubscriptionsView) -> Iterator[bytes]:
    return _in_batch(session, "metadata-subs", key_lines(session, numerics.RPL_METADATASUBS, view.keys))


_CODES: dict[api.MetadataFault, tuple[str, Callable[[api.MetadataRefused], tuple[str, ...]]]] = {
    api.MetadataFault.NO_TARGET: ("INVALID_TARGET", lambda r: (r.target,)),
    api.MetadataFault.KEY: ("INVALID_KEY", lambda r: (r.key,)),
    api.MetadataFault.NOT_YOURS: ("KEY_NO_PERMISSION", lambda r: (r.target, r.key)),
    api.MetadataFault.HIDDEN: ("KEY_NO_PERMISSION", lambda r: (r.target, r.key)),
    api.MetadataFault.SILENCED: ("KEY_NO_PERMISSION", lambda r: (r.target, r.key)),
    api.MetadataFault.TOO_LONG: ("INVALID_VALUE", lambda r: (r.key,)),
    api.MetadataFault.FULL: ("LIMIT_REACHED", lambda r: (r.target, str(state.KEYS_EACH))),
    api.MetadataFault.TOO_FAST: ("RATE_LIMITED", lambda r: (r.target, r.key, str(r.seconds))),
}
"""FAIL's code and context for each fault (metadata, "Standard Replies")."""


@reply(api.MetadataRefused)
def _say_refused(session: IrcSession, refusal: api.MetadataRefused) -> bytes:
    code, context = _CODES[refusal.fault]
    words = (middle(part) for part in context(refusal))
    return session.fail("METADATA", code, *words, text=_sentence(refusal.fault))


@lines(api.MetadataShown, cause=by_the_server)
def _shown_lines(encoder: EncoderBase, event: api.MetadataShown) -> bytes:
    if not encoder.caps & METADATA:
        return b""
    return value_line(encoder.source, _SELF, event.target, event.key, event.value)


@to_self(api.MetadataShown)
def _shown(session: IrcSession, record: Record, event: api.MetadataShown) -> bytes:
    """Tells what logging in changed; what one changed oneself is answered."""
    return b"" if event.answered or session.id not in event.to else session.encoder.encode(record)


@tagged(api.MetadataOnline, playback=False)
def _online_lines(encoder: EncoderBase, record: Record, event: api.MetadataOnline, _batch: str) -> bytes:
    """A batch behind 730, even if there are no values: then the reader forgets the earlier ones."""
    if not encoder.caps & METADATA:
        return b""
    name = f"o{abs(record.number)}"
    tags = encoder.tags_of(record, None, None)
    lines = (value_line(encoder.source, _SELF, event.target, *one) for one in event.values)
    begin = line(f":{encoder.source} BATCH +{name} metadata {event.target}")
    head = f"@batch={name} ".encode()
    return b"".join((tags, begin, *(head + one for one in lines), line(f":{encoder.source} BATCH -{name}")))


not_to_self(api.MetadataOnline)
