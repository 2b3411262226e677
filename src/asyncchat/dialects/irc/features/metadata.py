"""Metadata of people and rooms, for programs: METADATA (IRCv3 metadata), before registration too.

Owns the command's language and its lines; who may set what stands in the core.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.events import Record
from asyncchat.core.features.metadata import api, state
from asyncchat.core.names import fold
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import capability
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import by_the_server, command, lines, not_to_self, reply, tagged, to_self
from asyncchat.dialects.irc.serialize import line, middle, numeric
from asyncchat.dialects.irc.session import IrcSession, PendingRegistration
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

KEYS_A_LINE: Final = 7
"""Keys in one line: it holds so many of the longest beside any nick and server name."""

_SELF = "*"

ALL: Final = "*ALL"
"""The target of a SYNC of all that the client may be told (metadata, "METADATA SYNC")."""

Keys = tuple[str, ...]

_SUBCOMMANDS: dict[str, Callable[[int, str, Keys], Command]] = {
    "GET": lambda _, target, keys: api.GetMetadata(target, keys),
    "LIST": lambda _, target, _keys: api.GetMetadata(target),
    # A client that forgot the colon before a value of several words means all of them.
    "SET": lambda _, target, rest: api.SetMetadata(target, rest[0], " ".join(rest[1:]) or None),
    "CLEAR": lambda _, target, _rest: api.ClearMetadata(target),
    "SUB": lambda session, _, keys: api.Subscribe(keys, session),
    "UNSUB": lambda session, _, keys: api.Subscribe(keys, session, on=False),
    "SUBS": lambda session, _, _rest: api.GetSubscribed(session),
    "SYNC": lambda _, target, _rest: api.SyncMetadata(target, target.upper() == ALL),
}
"""(session, target, other parameters) -> what is asked."""

_WITH_KEYS = frozenset(("GET", "SET", "SUB", "UNSUB"))

_FOR_SELF = frozenset(("SUB", "UNSUB", "SUBS"))


@command(
    "METADATA <target>|* <subcommand> [<key>...|<key> [:<value>]]",
    "Reads and sets metadata of people and channels for programs, such as an avatar, and subscribes "
    "to keys. Subcommands: GET, LIST, SET, CLEAR, SUB, UNSUB, SUBS, SYNC (with the target *ALL: of all).",
    least=2,
    early=True,
)
def _metadata(session: IrcSession, message: Message) -> Sequence[Command]:
    target, subcommand, *rest = message.params
    subcommand = subcommand.upper()
    asks = _SUBCOMMANDS.get(subcommand)
    if asks is None:
        text = f"Known are {' '.join(_SUBCOMMANDS)}"
        return [session.fail_answer("METADATA", "INVALID_PARAMS", middle(message.params[1]), text=text)]
    if subcommand in _WITH_KEYS and not rest:
        return [numeric(numerics.ERR_NEEDMOREPARAMS, "METADATA", text="Not enough parameters")]
    named = subcommand in _FOR_SELF and session.entered and fold(target) == fold(session.nick)
    mine = named or target == _SELF
    if not mine and (subcommand in _FOR_SELF or not session.entered):
        text = "The target must be *"
        return [session.fail_answer("METADATA", "INVALID_TARGET", middle(target), text=text)]
    asked = asks(session.session, "" if mine else target, tuple(rest))
    return [asked] if session.entered else [DialectReply(_before_entering(session.registration, asked))]


def _before_entering(pending: PendingRegistration, asked: Any) -> object:
    """Remembers what is set, and subscribed to; what then can't be is left out.

    Returns:
        The answer.
    """
    values = dict(pending.metadata)
    match asked:
        case api.GetMetadata(_, keys):
            found = tuple((key, value) for key, value in values.items() if value is not None)
            return api.MetadataView("", found, keys)
        case api.SetMetadata(_, key, value):
            fault = state.fault_of(dict.fromkeys(values, ""), key, value)
            if fault is not None:
                return api.MetadataRefused(fault, "", key)
            if value is not None or key in values or len(values) < state.KEYS_EACH:
                pending.metadata = tuple({**values, key: value}.items())
            return api.MetadataNow("", key, value)
        case api.ClearMetadata():
            pending.metadata = ()
            return api.MetadataView("", (), tuple(values))
        case api.Subscribe(keys, _, on):
            result = state.subscribing(pending.keys, keys, on)
            held = (
                (*pending.keys, *result.granted) if on else (key for key in pending.keys if key not in keys)
            )
            pending.keys = tuple(dict.fromkeys(held))
            return result
        case api.GetSubscribed():
            return api.SubscriptionsView(pending.keys)
    return api.MetadataTold(_SELF, (), asked=True)


def value_line(source: str, client: str, target: str, key: str, value: str | None) -> bytes:
    """761 or 766: the value under a key, or that there is none; ``client`` may be ``*``."""
    if value is None:
        return line(f":{source} {numerics.RPL_KEYNOTSET} {client} {target} {key}", "key not set")
    return line(f":{source} {numerics.RPL_KEYVALUE} {client} {target} {key} {EVERYBODY}", value)


def _in_batch(session: IrcSession, kind: str, lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines as a batch, for clients that know batches."""
    with_ref = "@batch={} ".format
    return session.in_batch(
        "m", kind, lambda ref: (with_ref(ref).encode() + one for one in lines) if ref else lines
    )


def key_lines(session: IrcSession, code: str, keys: Keys) -> list[bytes]:
    """Keys in as many numerics as they need."""
    return [session.numeric(code, *keys[at : at + KEYS_A_LINE]) for at in range(0, len(keys), KEYS_A_LINE)]


@reply(api.MetadataView)
def _say_view(session: IrcSession, view: api.MetadataView) -> Iterator[bytes]:
    """A batch of all values, or of an answer for each key that was asked for."""
    name, values, source = view.name or _SELF, dict(view.values), session.context.name
    lines = [
        value_line(source, session.nick, name, key, values.get(key))
        if state.is_key(key)
        else _bad_key(session, key)
        for key in (values if view.keys is None else view.keys)
    ]
    return _in_batch(session, f"metadata {name}", lines)


def _bad_key(session: IrcSession, key: str) -> bytes:
    return _say_refused(session, api.MetadataRefused(api.MetadataFault.KEY, "", key))


@reply(api.MetadataNow)
def _say_now(session: IrcSession, reply: api.MetadataNow) -> bytes:
    target = reply.target or _SELF
    return value_line(session.context.name, session.nick, target, reply.key, reply.value)


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
def _say_subscribed(session: IrcSession, result: api.SubscribedNow) -> bytes:
    """The keys that are told from now on, or no longer, and why not the others."""
    code = numerics.RPL_METADATASUBOK if result.on else numerics.RPL_METADATAUNSUBOK
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


_CODES: dict[api.MetadataFault, str] = {
    api.MetadataFault.NO_TARGET: "INVALID_TARGET {r.target}",
    api.MetadataFault.KEY: "INVALID_KEY {r.key}",
    api.MetadataFault.NOT_YOURS: "KEY_NO_PERMISSION {r.target} {r.key}",
    api.MetadataFault.HIDDEN: "KEY_NO_PERMISSION {r.target} {r.key}",
    api.MetadataFault.SILENCED: "KEY_NO_PERMISSION {r.target} {r.key}",
    api.MetadataFault.TOO_LONG: "INVALID_VALUE {r.key}",
    api.MetadataFault.FULL: f"LIMIT_REACHED {{r.target}} {state.KEYS_EACH}",
    api.MetadataFault.TOO_FAST: "RATE_LIMITED {r.target} {r.key} {r.seconds}",
}
"""FAIL's code and context for each fault (metadata, "Standard Replies")."""


@reply(api.MetadataRefused)
def _say_refused(session: IrcSession, refusal: api.MetadataRefused) -> bytes:
    words = (middle(part.format(r=refusal)) for part in _CODES[refusal.fault].split())
    sentence = refusal.fault.text
    return session.fail("METADATA", *words, text=sentence[:1].upper() + sentence[1:])


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
