"""``asyncchat audit``: lists what operators of the server did.

Owns the arguments and the output; must not know the server.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import click
import msgspec

from asyncchat.cli._database import database_options, named_database
from asyncchat.core.events import Record
from asyncchat.errors import Misuse
from asyncchat.text.sentences import audit_sentence
from asyncchat.text.times import Zone

_BACK = re.compile(r"([0-9]{1,6})([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@click.command("audit")
@database_options
@click.option(
    "--since",
    metavar="TIME",
    help="Only from this time on: 90m, 2h, 7d, 4w (ago), 2026-11-22 or 2026-11-22T18:30 (local time).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each action.")
def command(db: str | None, config: str | None, since: str | None, as_json: bool) -> None:
    """List what operators of the server and tokens that allow admin did, newest last.

    The list has who became an operator or gave a wrong password; who was disconnected, banned from the server
    or unbanned; that a person was forgotten; announcements; reloads of the configuration; what was done in a
    room without a role there; and what was read that others may not read, such as the history of a room that
    they are not in.

    This command reads the history's file, whether or not the server is running. In the chat use /audit, in
    IRC AUDIT.
    """
    from asyncchat.log.reader import audit_of_file

    after = 0 if since is None else _moment(since, datetime.now().astimezone())
    records = audit_of_file(named_database(db, config), after)
    for line in _json(records) if as_json else _text(records):
        click.echo(line)


def _moment(text: str, now: datetime) -> int:
    """Just before the time that is meant, in microseconds since 1970 UTC."""
    back = _BACK.fullmatch(text)
    try:
        if back is not None:
            when = now - timedelta(**{_UNITS[back[2]]: int(back[1])})
        else:
            when = datetime.fromisoformat(text).astimezone()
        return int(when.timestamp() * 1_000_000) - 1
    except (ValueError, OverflowError, OSError) as error:
        raise Misuse(
            f"--since {text}: use a time like 90m, 2h, 7d, 4w, 2026-11-22 or 2026-11-22T18:30"
        ) from error


def _text(records: Iterable[Record]) -> Iterable[str]:
    for record in records:
        when = datetime.fromtimestamp(record.time / 1_000_000, UTC).astimezone()
        offset = when.utcoffset() or timedelta()
        zone = Zone(when.tzname() or "", int(offset.total_seconds()))
        yield f"{when:%Y-%m-%d %H:%M:%S}  {audit_sentence(record.event, zone)}"


def _json(records: Iterable[Record]) -> Iterable[str]:
    for record in records:
        when = datetime.fromtimestamp(record.time / 1_000_000, UTC)
        row = {
            "number": record.number,
            "time": when,
            "says": audit_sentence(record.event, Zone("UTC", 0)),
            "event": record.event,
        }
        yield msgspec.json.encode(row).decode()
