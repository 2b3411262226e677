"""What people chose for themselves, on all devices of an account: PREFERENCES, of no specification."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features.preferences import (
    VALUES,
    GetPreferences,
    PreferenceChanged,
    PreferenceRefused,
    PreferencesView,
    PreferenceView,
    SetPreference,
)
from asyncchat.dialects.irc import client_values
from asyncchat.dialects.irc.capabilities import capability
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server
from asyncchat.dialects.irc.client_server import wanted
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import (
    by_the_server,
    command,
    failure,
    lines,
    not_to_self,
    reply,
    to_siblings,
)
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

PREFERENCES: Final = capability("asyncchat/preferences", "", changes=True)


_CHOICES = "; ".join(f"{name} may be {' or '.join(values)}" for name, values in VALUES.items())


@command(
    "PREFERENCES [<name> <target> [<value>]]",
    "Lists what you chose for yourself, or chooses something for all devices of your account; without a "
    f"value the default: {_CHOICES}.",
    needs=PREFERENCES,
)
def _preferences(session: IrcSession, message: Message) -> Sequence[Command]:
    if not message.params:
        return [GetPreferences()]
    if len(message.params) == 1:
        return [session.fail_answer("PREFERENCES", "NEED_MORE_PARAMS", text="Missing parameters")]
    return [SetPreference(message.params[0].lower(), message.params[1], message.param(2))]


def _line(source: str, name: str, target: str, value: str) -> bytes:
    return line(f":{source} PREFERENCES {name} {target}", value)


@reply(PreferenceView)
def _say_one(session: IrcSession, view: PreferenceView) -> bytes:
    return _line(session.context.name, view.name, view.target, view.value)


@reply(PreferencesView)
def _say_all(session: IrcSession, view: PreferencesView) -> Iterator[bytes]:
    return (_line(session.context.name, *chosen) for chosen in view.chosen)


failure(PreferenceRefused, "PREFERENCES", "INVALID_PARAMS", "{r.name} {r.target}", "Not done: {r.reason}")


@lines(PreferenceChanged, cause=by_the_server)
def _changed_lines(encoder: EncoderBase, event: PreferenceChanged) -> bytes:
    if not encoder.caps & PREFERENCES:
        return b""
    return _line(encoder.source, event.name, event.target, event.value)


not_to_self(PreferenceChanged)


@to_siblings(PreferenceChanged)
def _from_sibling(session: IrcSession, record: Record, _event: PreferenceChanged, _alone: bool) -> bytes:
    return session.encoder.encode(record)


# The client's side.

wanted("asyncchat/preferences")


@from_server("PREFERENCES")
def _read_preference(_client: ClientConnection, line: ServerLine) -> Iterable[client_values.Value]:
    if len(line.params) < 3:
        return ()
    return (client_values.Preference(line.time, *line.params[:3]),)
