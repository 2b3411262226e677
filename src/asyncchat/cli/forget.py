"""``asyncchat forget``: erases everything that a person left, with or without a server.

Owns the arguments, the question and the output; must not know how it is done.
"""

from pathlib import Path

import click

from asyncchat.cli._database import database_options, named_database
from asyncchat.control import requests
from asyncchat.control.client import ask
from asyncchat.text.sanitize import shown
from asyncchat.text.sentences import counted

PATIENCE = 3600.0
"""Seconds for an answer: a history of many gigabytes is looked through, and perhaps written anew."""


@click.command("forget")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--vacuum", is_flag=True, help="Write the history anew even if it has more than 256 MB.")
@database_options
def command(name: str, yes: bool, vacuum: bool, db: str | None, config: str | None) -> None:
    """Erase everything that the person NAME left: texts, files, the account, and what the history says of it.

    If NAME is an account, all that was done under the account is meant, and what was said under the name by
    somebody without an account. Who is connected is disconnected. Messages leave the screens of others as if
    they were taken back. Nothing of it can be brought back, but from a backup.

    This command asks the running server over its control socket. Without a running server it opens the
    history.
    """
    database = named_database(db, config)
    found = ask(database, requests.GetTraces(name), requests.TracesFound, PATIENCE)
    if not yes:
        question = f"Erase {_listed(found)} of {name}, and all else that it left? It can't be undone."
        click.confirm(shown(question), abort=True, err=True)
    erased = ask(database, requests.Forget(name, vacuum), requests.TracesFound, PATIENCE)
    click.echo(shown(f"Erased {_listed(erased)} of {name}"))
    if not erased.is_clean:
        click.echo("The free space in the history's file may have copies: --vacuum removes them")
    if erased.names:
        names = ", ".join(erased.names)
        click.echo(shown(f"The account was {names}, too: what was said so without the account stays"))
    if erased.namesakes:
        accounts = ", ".join(erased.namesakes)
        click.echo(shown(f"The name was also that of the account {accounts}: what was said so stays"))
    for ban in erased.bans:
        click.echo(shown(f"A list of masks still has the name: {ban}"))
    for copy in _copies(database):
        click.echo(f"The copy {copy} still has all of it")


def _listed(found: requests.TracesFound) -> str:
    parts = [counted(found.messages, "message", "messages")]
    if found.others:
        parts.append(counted(found.others, "reaction", "reactions"))
    if found.files:
        parts.append(counted(found.files, "file", "files"))
    if found.account:
        parts.append("the account")
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _copies(database: Path) -> list[Path]:
    """What an upgrade of the history's form or a restored backup left beside it."""
    path = database.expanduser()
    return sorted((*path.parent.glob(f"{path.name}.format-*"), *path.parent.glob(f"{path.name}.[0-9]*")))
