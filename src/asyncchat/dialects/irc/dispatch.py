"""From a client's line to commands: its label, its limits, its command's handler.

Owns what is refused before a command is looked at; the commands are a table (``registry``).
"""

from collections.abc import Sequence

from asyncchat.core.commands import Command, DialectReply, Pause
from asyncchat.dialects.framing import OVERLONG
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.batches import OpenBatch
from asyncchat.dialects.irc.capabilities import BATCH, LABELED_RESPONSE
from asyncchat.dialects.irc.features import multiline
from asyncchat.dialects.irc.labels import LabelStart, label_of
from asyncchat.dialects.irc.registry import COMMANDS
from asyncchat.dialects.irc.serialize import BODY_BYTES, middle, numeric
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import CLIENT_TAG_BYTES, Fault, Message, parse

MOST_BYTES = CLIENT_TAG_BYTES + 2 + BODY_BYTES
"""Longest line of a client: tags with ``@`` and space, and the 510 bytes after them."""

_LABELS = BATCH | LABELED_RESPONSE
"""Without batches there are no labels (labeled-response, "Dependencies")."""


def dispatch(session: IrcSession, raw: bytes | None) -> Sequence[Command]:
    """The commands that a line asks for, behind its label if it has one.

    What is asked in a batch is answered when it ends or breaks, under the label with which it began.
    """
    if session.caps_in & _LABELS != _LABELS:
        return _asked(session, raw)
    label = label_of(raw)
    before = _batch(session)
    held = 0 if before is None else len(before.lines)
    asked = _asked(session, raw)
    after = _batch(session)
    if after is not None and (after is not before or len(after.lines) > held):
        return asked  # the line began the batch, or is in it
    if after is None and before is not None:
        broken, rest = asked[:1], asked[1:]
        return (*_under(before.label, broken), *_under(label, rest))
    return _under(label, asked)


def _batch(session: IrcSession) -> OpenBatch | None:
    return None if session.client_batches is None else session.client_batches.open


def _under(label: str, asked: Sequence[Command]) -> Sequence[Command]:
    if not label:
        return asked
    return (DialectReply(LabelStart(label, len(asked))), *asked)


def _asked(session: IrcSession, raw: bytes | None) -> Sequence[Command]:
    if raw is OVERLONG or _too_long(raw):
        text = "Input line was too long"
        return [*multiline.broken(session, text), numeric(numerics.ERR_INPUTTOOLONG, text=text)]
    message = parse(raw)
    if isinstance(message, Fault):
        return [*multiline.broken(session, message.value), *_refused(session, raw, message)]
    if session.client_batches is not None or message.tags:
        first, whole = multiline.taken(session, message)
        if first or whole:
            return first if whole else [*first, *_obeyed(session, message)]
    return _obeyed(session, message)


def _obeyed(session: IrcSession, message: Message) -> Sequence[Command]:
    spec = COMMANDS.get(message.command)
    if spec is None:
        return [_unknown(message.command)]
    if not spec.early and not session.entered:
        return [numeric(numerics.ERR_NOTREGISTERED, text="You have not registered")]
    if not spec.satisfied(message.params):
        return [numeric(numerics.ERR_NEEDMOREPARAMS, message.command, text="Not enough parameters")]
    counts = session.context.command_counts
    counts[message.command] = counts.get(message.command, 0) + 1
    if spec.needs & ~session.caps_in:
        return [_unknown(message.command)]
    commands = spec.handler(session, message)
    if not spec.long:
        return commands
    return [*commands, Pause(b"")]


def _unknown(command: str) -> DialectReply:
    return numeric(numerics.ERR_UNKNOWNCOMMAND, middle(command), text="Unknown command")


def _refused(session: IrcSession, raw: bytes, fault: Fault) -> Sequence[Command]:
    if fault is Fault.EMPTY:
        return []
    if fault is Fault.CONTROL:
        text = f"The line was not accepted: {fault.value}"
        return [numeric(numerics.ERR_UNKNOWNERROR, "*", text=text)]
    message = parse(raw, "latin-1")
    command = message.command if isinstance(message, Message) else "*"
    if command == "METADATA" and isinstance(message, Message) and message.param(1).upper() == "SET":
        key = message.param(2) if message.param(2).isascii() else "*"
        return [session.fail_answer(command, "INVALID_VALUE", middle(key), text="A value must be UTF-8")]
    text = "Message rejected, your IRC software MUST use UTF-8 encoding on this network"
    return [session.fail_answer(command if command in COMMANDS else "*", "INVALID_UTF8", text=text)]


def _too_long(raw: bytes) -> bool:
    """Whether a line passes its limit, with or without tags (IRCv3 message-tags, "Size limit").

    A request of capabilities may: the names of all that are offered are longer, and the client would wait.
    """
    if len(raw) <= BODY_BYTES or raw[:8].upper() == b"CAP REQ ":
        return False
    if raw[:1] != b"@":
        return True
    tags, _, body = raw.partition(b" ")
    return len(tags) - 1 > CLIENT_TAG_BYTES or len(body) > BODY_BYTES
