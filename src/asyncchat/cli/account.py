"""``asyncchat account``: creates, lists, changes, removes and signs out accounts, with or without a server.

Owns the arguments and the output; must not know how it is done.
"""

from datetime import UTC, datetime

import click
import msgspec

from asyncchat.cli._database import database_options, named_database
from asyncchat.cli._help import Group
from asyncchat.cli._passwords import new_password
from asyncchat.control import requests
from asyncchat.control.client import ask
from asyncchat.text.sanitize import shown

password_option = click.option(
    "--password-file",
    metavar="FILE",
    help="Read the password from this file's first line, instead of a prompt or a pipe.",
)


@click.group("account", cls=Group)
def command() -> None:
    """Create, list, change and remove accounts.

    These commands ask the running server over its control socket. Without a running server they open the
    history.
    """


@command.command("add")
@click.argument("name")
@password_option
@database_options
def add(name: str, password_file: str | None, db: str | None, config: str | None) -> None:
    """Create the account NAME. From now on the name belongs to it."""
    database = named_database(db, config)
    ask(database, requests.AddAccount(name, new_password(password_file)), requests.Done)
    click.echo(f"Created the account {name}")


@command.command("password")
@click.argument("name")
@password_option
@database_options
def password(name: str, password_file: str | None, db: str | None, config: str | None) -> None:
    """Change the password of the account NAME.

    Its sessions stay logged in. Devices that stayed signed in need the new password when they connect again.
    """
    database = named_database(db, config)
    ask(database, requests.ChangeAccountPassword(name, new_password(password_file)), requests.Done)
    click.echo(f"Changed the password of {name}")


@command.command("remove")
@click.argument("name")
@database_options
def remove(name: str, db: str | None, config: str | None) -> None:
    """Remove the account NAME. Its messages stay in the history."""
    ask(named_database(db, config), requests.DropAccount(name), requests.Done)
    click.echo(f"Removed the account {name}")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each account.")
@database_options
def list_accounts(as_json: bool, db: str | None, config: str | None) -> None:
    """List all accounts. Each line has the day of creation, and whether the account is online."""
    found = ask(named_database(db, config), requests.GetAccounts(), requests.AccountList).accounts
    width = max((len(account.name) for account in found), default=0)
    for account in found:
        made = datetime.fromtimestamp(account.made / 1_000_000, UTC)
        if as_json:
            row = {"name": account.name, "made": made, "email": account.email, "online": account.online}
            click.echo(msgspec.json.encode(row).decode())
            continue
        words = [f"since {made.astimezone():%Y-%m-%d}"]
        words += [word for word in (account.email, "online" if account.online else "") if word]
        click.echo(shown(f"{account.name:<{width}}  {', '.join(words)}"))


@command.command("devices")
@click.argument("name")
@database_options
def devices(name: str, db: str | None, config: str | None) -> None:
    """List the devices that stay signed in to the account NAME: id, name, first and last day."""
    for device in ask(named_database(db, config), requests.GetDevices(name), requests.DeviceList).devices:
        days = (
            datetime.fromtimestamp(time / 1_000_000, UTC).astimezone() for time in (device.made, device.used)
        )
        click.echo(
            shown(f"{device.id}  {device.label or '-'}  {'  '.join(f'{day:%Y-%m-%d}' for day in days)}")
        )


@command.command("sign-out")
@click.argument("name")
@click.argument("device", default="*")
@database_options
def sign_out(name: str, device: str, db: str | None, config: str | None) -> None:
    """Sign the DEVICE out of the account NAME, or all devices that stay signed in."""
    ask(named_database(db, config), requests.SignOutDevices(name, device), requests.Done)
    click.echo(f"Signed out of {name}")
