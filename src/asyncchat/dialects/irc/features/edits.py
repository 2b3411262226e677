"""Edits: a PRIVMSG with the tag +draft/edit, as clients have it; EDIT and EDITS, of no specification.

The draft (ircv3-specifications, pull request 425) is not settled; the tag is what clients use. Whoever has
not asked for draft/message-edit reads a correction: a message that begins with "corrected: ".
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features import edits
from asyncchat.core.features.history import Which
from asyncchat.core.features.messages import Said, SaidInPrivate, Tags
from asyncchat.dialects.irc.capabilities import ECHO_MESSAGE, capability
from asyncchat.dialects.irc.client_registry import optional, to_server
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.features import messages
from asyncchat.dialects.irc.registry import (
    command,
    played_back,
    reply,
    tagged,
    to_self,
    to_siblings,
)
from asyncchat.dialects.irc.serialize import middle
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

MESSAGE_EDIT: Final = capability(
    "draft/message-edit",
    "https://github.com/ircv3/ircv3-specifications/pull/425",
    changes=True,
    needs=("message-tags",),
)

VERIFIED_TAG: Final = "asyncchat/edit"
"""The message that is edited, as +draft/edit has it. Only the server can send it."""

Edit = edits.Edited | edits.EditedInPrivate


@command(
    "EDIT <target> <msgid> :<text>",
    "Replaces what an own message says. Clients that know edits send a PRIVMSG with the tag +draft/edit "
    "instead, which may have several lines.",
    least=3,
)
def _edit(session: IrcSession, message: Message) -> Sequence[Command]:
    to, id, text = message.params[:3]
    return [edits.Edit(Which(to, session.context.server.ids.number_of(id) or 0), text, context=id)]


@command("EDITS <target> [<msgid>|<nickname>]", "Shows the earlier texts of a message.", least=1)
def _edits(_session: IrcSession, message: Message) -> Sequence[Command]:
    return [edits.GetEdits(Which(message.params[0], name=message.param(1), own=None))]


@reply(edits.EditsView)
def _say_versions(session: IrcSession, view: edits.EditsView) -> Iterator[bytes]:
    """The texts as messages, each with its time, the last one is that of now."""
    encoder = session.encoder
    yield from session.in_batch(
        "v",
        f"asyncchat/edits {middle(view.to)}",
        lambda ref: (messages.message_lines(encoder, record, ref) for record in view.versions),
    )


@reply(edits.EditRefused)
def _say_refused(session: IrcSession, refusal: edits.EditRefused) -> bytes:
    code = {
        edits.EditFault.FORBIDDEN: "EDIT_FORBIDDEN",
        edits.EditFault.EXPIRED: "EDIT_WINDOW_EXPIRED",
        edits.EditFault.MANY: "LIMIT_REACHED",
    }.get(refusal.fault, "UNKNOWN_MSGID")
    context = (middle(refusal.to), middle(str(refusal.context or "*")))
    return session.fail("EDIT", code, *context, text=f"Not edited: {refusal.fault.text}")


def _as_message(event: Edit, text: str, tags: Tags) -> Said | SaidInPrivate:
    if isinstance(event, edits.Edited):
        return Said(event.room, event.person, text, event.speech, tags, event.cuts)
    return SaidInPrivate(event.to, event.person, text, event.speech, tags, event.cuts)


def _tags(encoder: EncoderBase, event: Edit) -> Tags:
    id = encoder.ids.id_of(event.message)
    return ((messages.EDIT_TAG, id), (VERIFIED_TAG, id))


def _edit_lines(encoder: EncoderBase, record: Record, event: Edit, batch: str) -> bytes:
    if encoder.caps & MESSAGE_EDIT:
        said = _as_message(event, event.text, _tags(encoder, event))
    else:
        said = msgspec.structs.replace(_as_message(event, f"corrected: {event.text}", ()), cuts=())
    return messages.message_lines(encoder, Record(record.number, record.time, said), batch)


tagged(edits.Edited, edits.EditedInPrivate, playback=False)(_edit_lines)


@played_back(edits.Edited, edits.EditedInPrivate)
def _past_edit_lines(encoder: EncoderBase, record: Record, event: Edit, batch: str) -> bytes:
    """Nothing for clients that do not know edits: the message has the new text in the history."""
    return _edit_lines(encoder, record, event, batch) if encoder.caps & MESSAGE_EDIT else b""


@to_self(edits.Edited, edits.EditedInPrivate)
def _edited(session: IrcSession, record: Record, _event: Edit) -> bytes:
    return session.encoder.encode(record) if session.caps_out & ECHO_MESSAGE else b""


to_siblings(edits.EditedInPrivate)(messages.private_from_sibling)


# The client's side.

to_server(edits.GetEdits)(lambda _, c: ("EDITS", c.which.to, *optional(c.which.name)))
