"""``asyncchat files``: lists the files that people uploaded, with or without a server.

Owns the arguments and the output; must not know how it is done.
"""

from datetime import UTC, datetime

import click
import msgspec

from asyncchat.cli._database import database_options, named_database
from asyncchat.control import requests
from asyncchat.control.client import ask
from asyncchat.text.sanitize import shown


@click.command("files")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each file.")
@database_options
def command(as_json: bool, db: str | None, config: str | None) -> None:
    """List the files that people uploaded, the newest last.

    Each line has the day, the bytes, the type, who uploaded it, and the file's path, to which texts link.
    """
    found = ask(named_database(db, config), requests.GetFiles(), requests.FileRows).files
    width = max((len(str(file.size)) for file in found), default=0)
    for file in found:
        time = datetime.fromtimestamp(file.time / 1_000_000, UTC)
        if as_json:
            row = {"id": file.id, "time": time, "size": file.size, "type": file.type, "by": file.by}
            click.echo(msgspec.json.encode(row).decode())
            continue
        kind = file.type.partition(";")[0]
        click.echo(
            shown(f"{time.astimezone():%Y-%m-%d}  {file.size:>{width}}  {kind}  {file.by}  /files/{file.id}")
        )
