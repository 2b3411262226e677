"""``asyncchat serve``: reads file, environment and flags, and starts the server.

Owns the arguments; must not know what the options do.
"""

import click

from asyncchat.cli._help import SectionedCommand
from asyncchat.cli._options import loaded, serve_options, sources

_SECTIONS = {
    "Where it listens": ("host", "port", "listen", "lan", "open", "origins", "tls", "tls_cert", "tls_key"),
    "Behind a proxy": ("trusted_proxies", "base_path"),
    "History": ("db", "history", "durable"),
    "Several cores": ("workers",),
    "Cluster": ("cluster", "cluster_name", "node", "replicas"),
    "What it says of itself": ("name", "description", "contact", "network", "icon", "motd"),
    "People": ("ascii_names", "cloak"),
    "Limits and speed": ("limits", "compression"),
    "What is measured": ("metrics_from",),
    "Its log": ("log_level", "log_format"),
}
"""The options by what they are about."""


@click.command("serve", cls=SectionedCommand, sections=_SECTIONS)
@serve_options
@click.pass_context
def command(context: click.Context, /, file: str | None, **_flags: object) -> None:
    """Start a chat server. Browsers, nc, IRC clients and "asyncchat join" all use one port.

    Messages, including private ones, are kept in a file of your state directory. To keep none: --no-history.

    Each option can also be set in the file of --config and in the environment (ASYNCCHAT_PORT, …); "asyncchat
    config show" lists all options. The server's password and its operators can be set only there.
    """
    from asyncchat.server import serve, workers

    source = sources(context, file)
    effective = loaded(source)
    run = serve.run if effective.config.workers == 1 else workers.run
    run(source, effective, lambda text: click.echo(text, nl=False))
