"""``asyncchat import``: takes the logs of other programs into a new history.

Owns the arguments and the output; must not know the logs' forms.
"""

from pathlib import Path

import click

from asyncchat.cli._database import database_options, named_database
from asyncchat.cli._server import room_of

_PROGRAMS = ("irssi", "weechat", "znc", "ergo")


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--room", metavar="ROOM", default="", help="Of which room they are.  [default: as their names say]"
)
@click.option(
    "--from",
    "program",
    type=click.Choice(_PROGRAMS),
    help="Whose logs they are.  [default: as their lines say]",
)
@database_options
def command(files: tuple[str, ...], room: str, program: str, db: str | None, config: str | None) -> None:
    """Take what was said from the logs of irssi, WeeChat, ZNC or ergo into a history.

    It must be new: messages are numbered in the order of their times. Import all of them at once, before a
    server uses it. Times without a zone are those of this machine (TZ). Comings and goings are left out.

    \b
    asyncchat import --db chat.db ~/.weechat/logs/irc.libera.#*.weechatlog
    asyncchat serve --db chat.db
    """
    import asyncio

    from asyncchat.control.foreign_logs import Line, keep, read
    from asyncchat.core.names import fold
    from asyncchat.log.sqlite import SqliteLog

    database, name = named_database(db, config), room_of(room) if room else ""
    lines: list[Line] = []
    for file in files:
        found = read(Path(file), name, program or "")
        lines += found
        if not found:
            click.echo(f"Nothing was said in {file}", err=True)

    async def run() -> None:
        log = await SqliteLog.open(database)
        try:
            await keep(log, lines)
        finally:
            await log.close()

    asyncio.run(run())
    rooms = len({fold(line.room) for line in lines})
    click.echo(f"{len(lines):,} messages of {rooms} room{'s' * (rooms != 1)} are in {database}")
