"""``asyncchat db``: backs up, checks, restores and describes a history, with or without a server.

Owns the arguments and the output; must not know how it is done.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from asyncchat.cli._database import database_options, named_database
from asyncchat.cli._help import Group
from asyncchat.control import backup as with_files
from asyncchat.log import backup
from asyncchat.text.sanitize import shown


@click.group("db", cls=Group)
def command() -> None:
    """Back up, check, restore and describe the history.

    Backing up, checking and describing read the file while the server runs. Restoring needs it stopped.
    """


@command.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@database_options
def back_up(file: Path, db: str | None, config: str | None) -> None:
    """Copy the history to FILE, as it is at this moment, and check the copy.

    What belongs to the history goes beside FILE: uploaded files into FILE-files, and the server's secrets
    into FILE.owner, FILE.cloak and such. Only your user can read them. FILE must not exist.
    """
    database = named_database(db, config).expanduser()
    with _progress("Copying") as progress:
        done = with_files.back_up(database, file, progress)
    click.echo(f"Copied the history to {shown(str(file))}: {_said(done.history)}")
    _say_beside(done, str(file))


@command.command("restore")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@database_options
def restore(file: Path, db: str | None, config: str | None) -> None:
    """Put FILE, and what a backup has beside it, in the place of the history.

    FILE is checked first. The history that was there is kept under a name with the time in it. Uploaded files
    that FILE lacks stay. The server must be stopped.
    """
    database = named_database(db, config).expanduser()
    with _progress("Copying") as progress:
        done = with_files.restore(file, database, progress)
    click.echo(f"Restored {shown(str(database))}: {_said(done.history)}")
    _say_beside(done, str(database))
    if done.before is not None:
        click.echo(f"What was there is {shown(str(done.before))} now. Remove it when you no longer need it")


@command.command("check")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@database_options
def check(file: Path | None, db: str | None, config: str | None) -> None:
    """Read all of the history, or of the copy FILE, and exit with 1 if it is damaged."""
    path = named_database(db, config).expanduser() if file is None else file
    click.echo(f"{shown(str(path))} is whole: {_said(backup.check(path))}")


@command.command("stats")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@database_options
def stats(as_json: bool, db: str | None, config: str | None) -> None:
    """Describe the history: its size, its messages, its largest rooms, and what is beside it."""
    path = named_database(db, config).expanduser()
    with backup.reading(path) as connection:
        found = backup.contents(connection, path)
        usage = backup.usage(connection, path)
    files, file_bytes = with_files.files_of(path)
    first, last = (
        datetime.fromtimestamp(time / 1_000_000, UTC) for time in (usage.first_time, found.last_time)
    )
    if as_json:
        row = {
            "path": str(path), "bytes": found.size, "free_bytes": usage.free, "search_bytes": usage.search,
            "files": files, "file_bytes": file_bytes, "messages": found.messages, "records": found.last,
            "last_id": found.last_id, "first_time": first, "last_time": last, "rooms": dict(usage.rooms),
        }  # fmt: skip
        click.echo(msgspec.json.encode(row).decode())
        return
    rows = [
        ("History", shown(str(path))),
        ("Size", f"{found.size:,} bytes, {usage.free:,} of them free"),
        ("Search index", f"{usage.search:,} bytes"),
        ("Files", f"{files:,}, {file_bytes:,} bytes"),
        ("Messages", f"{found.messages:,}"),
    ]
    if found.last:
        rows += [
            ("Records", f"{found.last:,} since {first.astimezone():%Y-%m-%d}, the last one {found.last_id}"),
            ("Last change", f"{last.astimezone():%Y-%m-%d %H:%M:%S}"),
        ]
    rows += [(shown(room), _counted(count, "message")) for room, count in usage.rooms[:ROOMS]]
    width = max(len(word) for word, _ in rows)
    for word, value in rows:
        click.echo(f"{word:<{width}}  {value}")


ROOMS = 10
"""Rooms that are shown to people."""


def _said(found: backup.Contents) -> str:
    last = f", the last record {found.last_id}" if found.last else ""
    return f"{found.size:,} bytes, {_counted(found.messages, 'message')}{last}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _say_beside(done: with_files.Copied, name: str) -> None:
    if done.files:
        click.echo(
            f"With {_counted(done.files, 'uploaded file')} ({done.file_bytes:,} bytes) in {shown(name)}-files"
        )
    if done.small:
        click.echo(f"With {', '.join(done.small)} beside it: keep them as private as passwords")


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int], object]]:
    """A bar on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def show(done: int, of: int) -> None:
            bar.length = of
            bar.update(done - bar.pos)

        yield show
