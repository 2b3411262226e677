"""Forgetting a person: what is asked of the chat and of the history, and in which order.

Owns that order. Must not know what becomes of an event or a row. The event ``Forgotten`` comes first: when
the server ends after it, the next start of the history does the rest. Its files go before, since nothing
names their owner afterwards.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from asyncchat.control import requests
from asyncchat.control.executor import CommandExecutor, execute
from asyncchat.control.wire import Refused
from asyncchat.core.chat import Chat
from asyncchat.core.features.bots import Bots
from asyncchat.core.features.files import Files
from asyncchat.core.features.forget import CONSOLE, EraseForgotten, Forget, RedactForgotten
from asyncchat.core.features.server_bans import ServerBans
from asyncchat.core.forgotten import FORGOTTEN, Identity
from asyncchat.core.masks import ACCOUNT, MUTED
from asyncchat.core.names import fold, name_fault
from asyncchat.core.people import from_origin
from asyncchat.log.base import LogError, Traces

ERASED_AT_ONCE = 500
"""Messages of one event of an erasure, some 10 ms: everybody else's commands come between two of them."""

REDACTED_AT_ONCE = 20
"""Private messages that are redacted at once: each is an event, and a node of a cluster sends all of them in
one message of NATS. Of those that nobody is there to be told of there is none; the history blanks them all
the same."""

MOST_ORIGINS = 1000
"""Names and hosts that an account is known to have had: more have but those who change them by a program."""


async def get_traces(executor: CommandExecutor, request: requests.GetTraces) -> requests.TracesFound:
    """Tells what there is to erase of a person."""
    who = _identity(executor.chat, request.name)
    return _found(executor.chat, who, await _traces(executor, request.name))


async def forget(executor: CommandExecutor, request: requests.Forget) -> requests.TracesFound:
    """Erases everything that a person left."""
    log, chat, name = executor.log, executor.chat, request.name
    who = _identity(chat, name)
    seen = log.last
    traces = await _traces(executor, name)
    found = _found(chat, who, traces)
    await executor.drop_files(_files(chat, who))
    await execute(executor, Forget(name, found.messages, tuple(sorted(traces.origins)[:MOST_ORIGINS])))
    traces = _both(traces, await _traces(executor, name, after=seen))
    try:
        for room, numbers in traces.rooms.items():
            for part in _parts(numbers, ERASED_AT_ONCE):
                told_of = len(numbers) if part[-1] == numbers[-1] else 0
                await execute(executor, EraseForgotten(room, part, told_of))
        there = {fold(one.account or one.name) for one in chat.people.values()}
        for numbers in (numbers for key, numbers in traces.private.items() if key in there):
            for part in _parts(numbers, REDACTED_AT_ONCE):
                records = [await log.find(number) for number in part]
                await execute(executor, RedactForgotten(tuple(filter(None, records))))
        is_clean = await log.forget(vacuum=request.vacuum)
    except LogError as error:
        raise Refused(f"Not all of it is erased: {error}. Then do the same again") from error
    return replace(found, is_clean=is_clean)


def _parts(numbers: Sequence[int], most: int) -> Iterator[tuple[int, ...]]:
    for at in range(0, len(numbers), most):
        yield tuple(numbers[at : at + most])


def _identity(chat: Chat, name: str) -> Identity:
    who = Identity(fold(name))
    if who.key not in chat.accounts and name_fault(name) is not None:
        raise Refused(f"Nobody can have that name: {name_fault(name)}")
    if who.is_named(FORGOTTEN.name):
        raise Refused(f"{name} stands for everybody who is forgotten already")
    if who.is_person(CONSOLE):  # else the audit would not tell any more what the administrator did
        raise Refused(f"{name} stands for whoever runs the server")
    if who.key in Bots.of(chat).tokens:
        raise Refused(f"{name} is a bot. Revoke its token first: asyncchat token revoke {name}")
    return who


async def _traces(executor: CommandExecutor, name: str, after: int = 0) -> Traces:
    try:
        return await executor.log.traces(name, executor.log.last, after)
    except LogError as error:
        raise Refused(str(error)) from error


def _both(some: Traces, later: Traces) -> Traces:
    """What was there before the event, and what came until then."""
    rooms, private = (
        {key: [*one.get(key, ()), *other.get(key, ())] for key in dict.fromkeys((*one, *other))}
        for one, other in ((some.rooms, later.rooms), (some.private, later.private))
    )
    return Traces(rooms, private)


def _found(chat: Chat, who: Identity, traces: Traces) -> requests.TracesFound:
    everything = sum(map(len, (*traces.rooms.values(), *traces.private.values())))
    names = (from_origin(origin).name for origin in traces.origins)
    return requests.TracesFound(
        traces.messages,
        everything - traces.messages,
        len(_files(chat, who)),
        who.key in chat.accounts,
        tuple(where + mask for where, mask in _masks(chat) if who.is_named(_named_by(mask))),
        tuple(sorted({name for name in names if not who.is_named(name)})),
        tuple(sorted(traces.namesakes)),
    )


def _files(chat: Chat, who: Identity) -> list[str]:
    return [file.id for file in Files.of(chat).by_id.values() if who.is_author(file.by)]


def _named_by(mask: str) -> str:
    """The name or the account with which a mask begins."""
    return mask.removeprefix(MUTED).removeprefix(ACCOUNT).partition("!")[0]


def _masks(chat: Chat) -> Iterator[tuple[str, str]]:
    """All masks on lists, each with the room before it."""
    for room in chat.rooms.values():
        for masks in room.masks.values():
            yield from ((f"{room.name} ", mask) for mask in masks)
    yield from (("", mask) for mask in ServerBans.of(chat))
