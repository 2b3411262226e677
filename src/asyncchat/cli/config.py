"""``asyncchat config``: shows and checks the configuration of ``asyncchat serve``, and hashes passwords for
it.

Owns the arguments and the output; must not know what the options do.
"""

import click

from asyncchat.cli._help import Group
from asyncchat.cli._options import config_option, loaded, sources
from asyncchat.cli._passwords import new_password
from asyncchat.config.faults import undotted
from asyncchat.config.options import Row, table
from asyncchat.config.passwords import hashed
from asyncchat.config.sources import Effective, exposed
from asyncchat.core.passwords import password_fault
from asyncchat.errors import Misuse

HIDDEN = "(hidden)"


@click.group("config", cls=Group)
def command() -> None:
    """Show and check the configuration of asyncchat serve, and hash passwords for it."""


@command.command("show")
@config_option
@click.pass_context
def show(context: click.Context, /, file: str | None) -> None:
    """Show all options with their values, and where each is set.

    Passwords are hidden. Flags of asyncchat serve are not included.
    """
    effective = loaded(sources(context, file))
    lines = [
        (f"{row.key} = {_shown(row, effective)}", effective.origins.get(row.field, "default"))
        for row in table()
    ]
    width = max(len(stated) for stated, origin in lines if len(stated) <= 50)
    for stated, origin in lines:
        click.echo(f"{stated:<{width}}  # {origin}")


@command.command("check")
@click.argument("file", required=False)
@click.pass_context
def check(context: click.Context, /, file: str | None) -> None:
    """Check FILE, or the file that ASYNCCHAT_CONFIG names.

    The exit status is 2, with one line that says what is wrong, if the configuration is not valid.
    """
    source = sources(context, file)
    if not source.file_name:
        raise click.UsageError("Name a file, or set ASYNCCHAT_CONFIG")
    effective = loaded(source)
    if effective.config.motd:
        from asyncchat.server.reload import read_motd

        read_motd(effective.config.motd)
    warnings = [exposed(effective), undotted(effective.config.name)]
    if effective.config.listen:
        from asyncchat.server.addresses import parse_listener
        from asyncchat.server.launch import require_certificate

        require_certificate(effective.config, map(parse_listener, effective.config.listen))
    if effective.config.tls_cert or effective.config.tls_key:
        from asyncchat.server.tls import exposed_key, stated_certificate

        stated_certificate(effective.config.tls_cert, effective.config.tls_key)
        warnings.append(exposed_key(effective.config.tls_cert, effective.config.tls_key))
    for warning in filter(None, warnings):
        click.echo(f"Warning: {warning}", err=True)
    click.echo(f"{source.file_name} is valid")


@command.command("password")
def password() -> None:
    """Hash a password for the configuration.

    At a terminal it is asked for twice and not shown. On a pipe the first line is the password.
    """
    text = new_password()
    weak = password_fault(text)
    if weak is not None:
        raise Misuse(f"The password is too weak: {weak}")
    click.echo(hashed(text))


def _shown(row: Row, effective: Effective) -> str:
    value = getattr(effective.config, row.field)
    if not row.variable:  # a table of tables
        return f"[{', '.join(value)}]"
    if row.option.secret:
        return HIDDEN if value else '""'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(_quoted(item) for item in value)}]"
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
