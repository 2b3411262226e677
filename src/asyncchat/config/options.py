"""The options of ``asyncchat serve``: one frozen object, which states each option once.

A field's name, type, default and ``Option`` give its key in the file, its environment variable and its flag;
nothing else states them. To add an option, add a field here. This module must not know what the options do.
"""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin, get_type_hints

import msgspec

from asyncchat.config import faults, passwords
from asyncchat.config.origins import origins_fault
from asyncchat.config.webhooks import Webhook
from asyncchat.core.features.always_on import ALWAYS_ON_DAYS, MAX_ALWAYS_ON
from asyncchat.core.features.empty_rooms import EMPTY_ROOM_DAYS
from asyncchat.core.features.room_defaults import RoomDefaults

ENVIRONMENT = "ASYNCCHAT_"
"""The beginning of each variable; then comes the key in upper case, with ``_`` for each dot."""


@dataclass(frozen=True, slots=True)
class Option:
    """What a field's type does not say.

    Attributes:
        help: a sentence for ``--help``.
        key: its key in the file, with a dot between table and key; empty: the field's name.
        flag: its flag; empty: made from the field's name; None: it has none. The flag of a switch that is on
            by default turns it off.
        table: the table in the file in which the field's name is its key; an option in one has no flag.
        metavar: the value's name in ``--help``.
        reload: whether a reload applies it.
        secret: whether it is never shown.
        path: whether it is a path; in the file it is relative to the file's folder.
        check: returns why a value is not valid, or ''.
    """

    help: str
    key: str = ""
    flag: str | None = ""
    table: str = ""
    metavar: str = ""
    reload: bool = False
    secret: bool = False
    path: bool = False
    check: Callable[[Any], str] = lambda _value: ""


_limit = partial(Option, table="limits", reload=True)


def _outgoing(help: str, key: str, **more: Any) -> Option:
    return Option(help, key=f"outgoing.{key}", flag=None, reload=True, **more)


def _file(help: str, key: str, **more: Any) -> Option:
    return Option(help, key=f"files.{key}", flag=None, reload=True, **more)


class Operator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may become an operator of the server: ``[operators.NAME]``."""

    password: str = ""
    """Plain or a hash; it may be empty if there is an account."""
    hosts: tuple[str, ...] = ()
    """Masks of the addresses from which it can be used; empty: from everywhere."""
    account: str = ""
    """Only someone who is logged in to this account can become this operator."""


_Count = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
_LargeLimit = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
_Limit = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
_Bytes = Annotated[int, msgspec.Meta(ge=16_384, le=1_000_000_000)]


class Gateway(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may say by WEBIRC for whom it has connected: ``[webirc.NAME]``."""

    password: str = ""
    """Plain or a hash."""
    networks: tuple[str, ...] = ()
    """Where it connects from."""


class ServeConfig(msgspec.Struct, frozen=True):
    """All options of ``asyncchat serve``."""

    host: Annotated[
        str,
        Option(
            "Listen on this address; 0.0.0.0: on all addresses.",
            metavar="HOST",
            check=lambda host: "" if host.strip() else "it is empty",
        ),
    ] = "127.0.0.1"
    """Empty if the server listens only where ``listen`` says."""
    port: Annotated[
        int, msgspec.Meta(ge=0, le=65535), Option("Listen on this port; 0: on any free port.")
    ] = 1234
    listen: Annotated[
        tuple[str, ...],
        Option(
            "Listen on tcp://, tls:// or udp://HOST:PORT, or unix:///PATH; replaces the defaults of --host "
            "and --port. tcp+insecure:// takes plain text from everywhere.",
            metavar="URL",
        ),
    ] = ()
    tls_cert: Annotated[
        str,
        Option(
            "Take TLS on each TCP port, with the certificates in this file (PEM).",
            key="tls.cert",
            metavar="FILE",
            path=True,
        ),
    ] = ""
    tls_key: Annotated[
        str,
        Option(
            "The certificate's key, if it has a file of its own.", key="tls.key", metavar="FILE", path=True
        ),
    ] = ""
    tls: Annotated[
        Literal["off", "self-signed"],
        Option("self-signed: make a certificate, and keep it beside the database.", key="tls.make"),
    ] = "off"
    strict_days: Annotated[
        int,
        msgspec.Meta(ge=-1, le=3650),
        Option(
            "For so many days clients that came over TLS come over TLS only (STS, HSTS), to all of this "
            "host; 0: off; -1: they are told to forget it.",
            table="tls",
            reload=True,
        ),
    ] = 0
    lan: Annotated[
        bool,
        Option("Listen on all private addresses of this machine, and show the page's link as a QR code."),
    ] = False
    open: Annotated[bool, Option("Open the page in this machine's browser.")] = False
    db: Annotated[
        str,
        Option(
            "Keep the history in this file; :memory: keeps it only until the server stops.",
            metavar="FILE",
            path=True,
        ),
    ] = ""
    """Empty: the default file in the user's state directory."""
    history: Annotated[bool, Option("Keep no history.", key="history.keep", flag="--no-history")] = True
    cluster: Annotated[
        str,
        Option(
            "Be a node of the cluster with these NATS servers: nats://HOST:PORT, more with commas.",
            key="cluster.url",
            metavar="URL",
            secret=True,
        ),
    ] = ""
    cluster_name: Annotated[
        str, Option("The cluster's stream in NATS.", key="cluster.name", metavar="NAME")
    ] = "asyncchat"
    node: Annotated[
        str, Option("This node's name, for people; empty: the host's.", key="cluster.node", metavar="NAME")
    ] = ""
    replicas: Annotated[
        Literal["1", "3", "5"],
        Option("On how many NATS servers a new stream is kept.", key="cluster.replicas"),
    ] = "1"
    workers: Annotated[
        int,
        msgspec.Meta(ge=1, le=64),
        Option(
            "Serve with so many processes, for several cores of this machine; they share the port (Linux).",
            metavar="N",
        ),
    ] = 1
    durable: Annotated[
        Literal["process", "power"],
        Option(
            "What a shown message survives: a crash of the process, or also a loss of power (slower).",
            key="history.durable",
        ),
    ] = "process"
    keep_days: Annotated[
        _Limit,
        Option("Days after which messages are removed; 0: never.", table="history", reload=True),
    ] = 0
    keep_megabytes: Annotated[
        _LargeLimit,
        Option(
            "Size of the history in megabytes, above which the oldest messages are removed; 0: no limit.",
            table="history",
            reload=True,
        ),
    ] = 2000
    """Some 10 million messages. With the search's index, two thirds of it, that fits on the 10 GB of the
    smallest rented servers beside their system."""
    newcomers: Annotated[
        int,
        msgspec.Meta(ge=0, le=50),
        Option(
            "How many lines of a room's history are shown to someone who joins.", table="history", reload=True
        ),
    ] = 20
    name: Annotated[str, Option("The name of the server.", metavar="SERVERNAME", check=faults.name_fault)] = (
        "asyncchat.local"
    )
    description: Annotated[
        str,
        Option(
            "A short description of the server; IRC shows it in WHOIS and LINKS.",
            metavar="TEXT",
            reload=True,
            check=faults.description_fault,
        ),
    ] = ""
    contact: Annotated[
        str,
        Option(
            "How to reach the administrator; IRC shows it in ADMIN.",
            metavar="TEXT",
            reload=True,
            check=faults.description_fault,
        ),
    ] = ""
    network: Annotated[
        str,
        Option(
            "The network's name in IRC clients; without it, the server's name.",
            metavar="TEXT",
            reload=True,
            check=faults.network_name_fault,
        ),
    ] = ""
    icon: Annotated[
        str,
        Option(
            "A picture that IRC clients may show for the network.",
            metavar="URL",
            reload=True,
            check=faults.icon_fault,
        ),
    ] = ""
    client_tag_deny: Annotated[
        tuple[str, ...],
        Option(
            "Tags of IRC clients that are not passed on, such as typing; *, -typing: all others.",
            flag=None,
            metavar="TAG",
            reload=True,
            check=faults.tags_fault,
        ),
    ] = ()
    origins: Annotated[
        tuple[str, ...],
        Option(
            "Also allow web pages of this origin (repeatable); needed for a proxy's public name.",
            key="http.origins",
            flag="--origin",
            metavar="URL",
            reload=True,
            check=origins_fault,
        ),
    ] = ()
    base_path: Annotated[
        str,
        Option(
            "The path below which a proxy has the page and the API: /chat.",
            key="http.base_path",
            metavar="PATH",
            reload=True,
            check=faults.base_path_fault,
        ),
    ] = ""
    unix_accounts: Annotated[
        tuple[str, ...],
        Option(
            "Users of this machine who are logged in by a Unix socket: USER, USER=ACCOUNT, or * for all.",
            flag=None,
            reload=True,
            check=faults.unix_accounts_fault,
        ),
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...],
        Option(
            "Believe this proxy, or all of a network, where its clients are (repeatable): 127.0.0.1, unix.",
            flag="--trusted-proxy",
            metavar="NETWORK",
            reload=True,
            check=faults.proxies_fault,
        ),
    ] = ()
    forwarded: Annotated[
        Literal["x-forwarded", "forwarded"],
        Option(
            "Which headers trusted proxies write: X-Forwarded-For, -Proto and -Host, or Forwarded.",
            key="http.forwarded",
            flag=None,
            reload=True,
        ),
    ] = "x-forwarded"
    """One of them: a proxy that writes one passes the other on as its client wrote it."""
    metrics_from: Annotated[
        tuple[str, ...],
        Option(
            "Let programs in this network read /metrics, besides those of this machine (repeatable).",
            key="http.metrics_from",
            metavar="NETWORK",
            reload=True,
            check=faults.networks_fault,
        ),
    ] = ()
    motd: Annotated[
        str, Option("The message of the day for IRC clients.", metavar="FILE", reload=True, path=True)
    ] = ""
    password: Annotated[
        str,
        Option(
            "The password that everyone needs to join, plain or hashed.",
            flag=None,  # the list of processes shows flags to everyone
            reload=True,
            secret=True,
            check=passwords.fault,
        ),
    ] = ""
    ascii_names: Annotated[
        bool, Option("Allow only ASCII letters in new names of people and rooms.", reload=True)
    ] = False
    compression: Annotated[
        Literal["auto", "always", "never"],
        Option(
            "Whether messages over WebSocket are compressed; auto: not to this machine's addresses.",
            reload=True,
        ),
    ] = "auto"
    cloak: Annotated[
        bool, Option("Show people's addresses to everyone, instead of cloaks.", flag="--no-cloak")
    ] = True
    limits: Annotated[
        bool,
        Option(
            "Turn off flood control, for load tests and trusted bots.",
            key="limits.flood_control",
            flag="--no-limits",
            reload=True,
        ),
    ] = True
    profile: Annotated[
        Literal["lan", "public"],
        _limit("The defaults of limits: lan for a class behind one address, public for the internet."),
    ] = "lan"
    burst: Annotated[
        _Count,
        _limit("How many lines a connection may send at once; more than 1 KiB counts as several."),
    ] = 100
    """Enough for a pasted page or a bot's report."""
    rate: Annotated[
        float,
        msgspec.Meta(gt=0, le=1_000_000),
        _limit("How many lines a second it may send after that."),
    ] = 10.0
    """Faster than anyone can read."""
    network_burst: Annotated[
        _Count,
        _limit(
            "How many lines all clients from one network may send at once; each person there adds a fifth of "
            "limits.burst."
        ),
    ] = 1000
    """A network is an IPv4 address or an IPv6 /64. A class behind one address joins and talks unhindered.

    A /48 has eight times as much (``core.people.SITE_SHARE``), here and in all limits by network."""
    network_rate: Annotated[
        float,
        msgspec.Meta(gt=0, le=1_000_000),
        _limit("How many lines a second they may send then; each person there adds a fifth of limits.rate."),
    ] = 50.0
    account_burst: Annotated[
        _Count,
        _limit("How many lines all devices of one account may send at once."),
    ] = 300
    account_rate: Annotated[
        float,
        msgspec.Meta(gt=0, le=1_000_000),
        _limit("How many lines a second they may send after that."),
    ] = 20.0
    server_burst: Annotated[
        _Count,
        Option(
            "How many lines the server takes at once of all who send many at a time.",
            key="limits.server_burst",
            flag=None,
            reload=True,
        ),
    ] = 200
    """Who has used less than a tenth of its own budget is not slowed by it."""
    server_rate: Annotated[
        float,
        msgspec.Meta(gt=0, le=1_000_000),
        Option(
            "How many lines a second it takes of them after that.",
            key="limits.server_rate",
            flag=None,
            reload=True,
        ),
    ] = 1000.0
    """Some 10 to 40 % of a core, by the size of the rooms; the rest is for those who send single lines."""
    trusted: Annotated[
        tuple[str, ...],
        _limit(
            "Networks whose clients are limited only one by one, such as 10.0.0.0/8.",
            check=faults.networks_fault,
        ),
    ] = ()
    send_bytes: Annotated[
        _Bytes,
        _limit("Bytes that may wait to be sent to a session before the server stops reading its commands."),
    ] = 65_536
    slow_bytes: Annotated[
        _Bytes,
        _limit("Bytes from others that may wait for a session for slow_seconds, before it is disconnected."),
    ] = 1_000_000
    slow_seconds: Annotated[
        float,
        msgspec.Meta(ge=0, le=3600),
        _limit("Seconds for which so much may wait; what the link drains in time disconnects nobody."),
    ] = 20.0
    sessions: Annotated[
        _LargeLimit,
        _limit("Most connections; 0: as many as the limit of open files allows."),
    ] = 0
    per_address: Annotated[
        _LargeLimit,
        _limit("Most connections from one address (IPv6: one /64), except this machine's; 0: no limit."),
    ] = 1024
    """Enough for a school behind one address; a flood from one can't use up all places."""
    rooms_per_address: Annotated[
        _LargeLimit,
        _limit(
            "Most rooms that people from one address (IPv6: one /64) have opened, except this machine's; "
            "0: no limit."
        ),
    ] = 500
    """More than a school behind one address needs; forty addresses are needed to use up all rooms. With a
    limit their lists have so many masks in all, too (``core.rooms.MASKS_FROM_NETWORK``)."""
    empty_room_days: Annotated[
        _Limit,
        _limit("Days after which an empty room that belongs to no account is forgotten; 0: never."),
    ] = EMPTY_ROOM_DAYS
    guest_megabytes: Annotated[
        _Limit,
        Option(
            "Megabytes that people without an account from one address (IPv6: one /64) may send a day, "
            "except this machine's; 0: no limit.",
            key="limits.guest_megabytes",
            flag=None,
            reload=True,
        ),
    ] = 50
    """A class of 30 types 1 MB a day. One network needs 40 days to push others' messages out of the
    history."""
    file_uploads: Annotated[
        bool, _file("Whether people can upload files to share them in messages.", "uploads")
    ] = True
    file_guests: Annotated[bool, _file("Whether people without an account can, too.", "guests")] = True
    file_megabytes: Annotated[
        int, msgspec.Meta(ge=1, le=2_000), _file("Megabytes of the largest file.", "megabytes")
    ] = 20
    """A photograph of a telephone has 3 to 8, a short recording of a screen 10 to 20."""
    file_network_megabytes: Annotated[
        _LargeLimit,
        _file(
            "Megabytes that people from one address (IPv6: one /64) may upload a day, except this machine's; "
            "0: no limit.",
            "network_megabytes",
        ),
    ] = 1_000
    """A class of 30 has 30 each; to fill the disk's share takes one network five days."""
    file_account_megabytes: Annotated[
        _LargeLimit, _file("Megabytes that one account may upload a day; 0: no limit.", "account_megabytes")
    ] = 500
    file_total_megabytes: Annotated[
        _LargeLimit,
        _file(
            "Megabytes of all files together, from which on no more are taken; 0: no limit.",
            "total_megabytes",
        ),
    ] = 5_000
    """With the history's 2,000 it fits on the 10 GB of the smallest rented servers."""
    file_url: Annotated[
        str,
        _file(
            "The address in links to files, such as https://chat.example.org; empty: the one that the "
            "uploader used.",
            "url",
            metavar="URL",
            check=faults.url_fault,
        ),
    ] = ""
    push: Annotated[
        bool,
        _outgoing(
            "Whether devices of accounts are told of mentions while nobody looks (web push).",
            "push",
            check=faults.push_fault,
        ),
    ] = True
    """Where it is not stated, it is so only if the library is there."""
    previews: Annotated[
        bool,
        _outgoing(
            "Whether the page shows what linked pages say of themselves; the server asks them.", "previews"
        ),
    ] = False
    outgoing_networks: Annotated[
        tuple[str, ...],
        _outgoing(
            "Private networks to which the server may send what people ask for, such as 10.0.0.5 of a push "
            "service; else only public addresses.",
            "networks",
            metavar="NETWORK",
            check=faults.networks_fault,
        ),
    ] = ()
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Option("Least severe log level shown on standard error.", reload=True),
    ] = "info"
    log_format: Annotated[Literal["text", "json"], Option("Log format.")] = "text"
    blocked_ms: Annotated[
        _Limit,
        Option(
            "Milliseconds of a pause of the whole server above which its log says what caused it; 0: never.",
            key="log_blocked_ms",
            flag=None,
        ),
    ] = 50
    registration: Annotated[
        bool,
        Option("Whether people can register accounts themselves.", table="accounts"),
    ] = True
    before_connect: Annotated[
        bool,
        Option("Whether an account can be registered before joining.", table="accounts"),
    ] = False
    require_email: Annotated[
        bool, Option("Whether an account needs an e-mail address.", table="accounts")
    ] = False
    max_always_on: Annotated[
        _Limit,
        Option(
            "How many accounts can stay in their rooms without a connection.", table="accounts", reload=True
        ),
    ] = MAX_ALWAYS_ON
    always_on_days: Annotated[
        _Limit,
        Option(
            "Days without a connection after which such an account leaves; 0: never.",
            table="accounts",
            reload=True,
        ),
    ] = ALWAYS_ON_DAYS
    operators: Annotated[
        Mapping[str, Operator],
        Option("Who can become an operator of the server.", flag=None, reload=True, secret=True),
    ] = {}
    gateways: Annotated[
        Mapping[str, Gateway],
        Option(
            "Gateways that say by WEBIRC where their users are.",
            key="webirc",
            flag=None,
            reload=True,
            secret=True,
        ),
    ] = {}
    rooms: Annotated[
        Mapping[str, RoomDefaults],
        Option(
            "Topics and modes that rooms have from the start, and how many days they keep messages.",
            flag=None,
            reload=True,
        ),
    ] = {}
    webhooks: Annotated[
        Mapping[str, Webhook],
        Option("URLs to which messages of some rooms are posted.", flag=None, reload=True, secret=True),
    ] = {}


PROFILES: Mapping[str, Mapping[str, Any]] = {
    "lan": {},
    "public": {
        "burst": 50,
        "rate": 5.0,
        "network_burst": 250,
        "network_rate": 20.0,
        "account_burst": 150,
        "account_rate": 10.0,
        "per_address": 64,
        "file_guests": False,
        "file_network_megabytes": 200,
        "file_account_megabytes": 100,
    },
}
"""What ``limits.profile`` changes of the defaults, by field."""


class Row(msgspec.Struct, frozen=True):
    """One option with its three names. ``type`` is what ``msgspec.convert`` takes."""

    field: str
    key: str
    variable: str
    """Empty for a table of tables, which has no variable."""
    flag: str
    """Empty where it has none."""
    type: Any
    default: Any
    option: Option

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off."""
        return isinstance(self.default, bool)


@cache
def table() -> tuple[Row, ...]:
    """All options, in the order in which they are shown."""
    hints = get_type_hints(ServeConfig, include_extras=True)
    rows = []
    for field in msgspec.structs.fields(ServeConfig):
        option: Option = next(part for part in hints[field.name].__metadata__ if isinstance(part, Option))
        key = option.key or f"{option.table}.{field.name}".removeprefix(".")
        is_table = isinstance(field.default_factory, type) or get_origin(field.type) is Mapping
        flag = option.flag or ""
        if option.flag == "" and not option.table:
            flag = f"--{field.name.replace('_', '-')}"
        rows.append(
            Row(
                field.name,
                key,
                "" if is_table else ENVIRONMENT + key.upper().replace(".", "_"),
                flag,
                hints[field.name],
                None if is_table else field.default,
                option,
            )
        )
    return tuple(rows)


def operator_fault(name: str, operator: Operator) -> str:
    """Why there can't be such an operator, or ''."""
    if name.casefold() == "owner":
        return "“owner” is reserved for the owner code; choose another name"
    if not name or " " in name:
        return "an operator's name must be one word"
    if not operator.password:
        return "" if operator.account else "an operator needs a password"
    return passwords.fault(operator.password)


def gateway_fault(gateway: Gateway) -> str:
    """Why there can't be such a gateway, or ''."""
    if not gateway.password or not gateway.networks:
        return "a gateway needs a password, and networks from which it connects"
    return faults.proxies_fault(gateway.networks) or passwords.fault(gateway.password)


def state_directory() -> Path:
    """The folder for this user's state (XDG Base Directory; its counterpart on Windows)."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base) / "asyncchat" if base else Path.home() / "AppData" / "Local" / "asyncchat"
    base = os.environ.get("XDG_STATE_HOME", "")
    # The specification says that a relative path is invalid and is to be ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "asyncchat"


def database_path(config: ServeConfig) -> Path | None:
    """The history's file; None if the history is not kept in a file."""
    if not config.history or config.db == ":memory:":
        return None
    return Path(config.db).expanduser() if config.db else state_directory() / "chat.db"
