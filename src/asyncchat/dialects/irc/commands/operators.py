"""What operators of the server may do: REHASH (Modern IRC, "Operator Messages").

Owns the words; whether somebody is one, the chat knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.commands.word import Answerer, Word
from asyncchat.dialects.irc.line import line, word
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect


def rehash(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Reads the configuration again."""
    session.pause()
    return [core.Reload()]


def say_reloaded(session: IrcDialect, reply: replies.Reloaded) -> bytes:
    """382, then in notices what changed and what did not."""
    session.resume()
    texts = [f"Changed: {', '.join(reply.changed) or 'nothing'}"]
    if reply.waiting:
        texts.append(f"Only a restart changes: {', '.join(reply.waiting)}")
    return _rehashing(session, reply.file, texts)


def say_not_reloaded(session: IrcDialect, refusal: replies.NotReloaded) -> bytes:
    """382, then what is wrong."""
    session.resume()
    return _rehashing(session, refusal.file, [f"Nothing changed: {refusal.reason}"])


def _rehashing(session: IrcDialect, file: str, texts: Sequence[str]) -> bytes:
    notices = (line(f":{session.irc.name} NOTICE {session.nick}", text) for text in texts)
    rehashing = session.numeric(numerics.RPL_REHASHING, word(file or "*"), text="Rehashing")
    return rehashing + b"".join(notices)


WORDS: dict[str, Word] = {
    "REHASH": Word(rehash, about="Reads the server's configuration again, tells what changed (operators)."),
}

ANSWERS: dict[type, Answerer] = {
    replies.Reloaded: say_reloaded,
    replies.NotReloaded: say_not_reloaded,
}
