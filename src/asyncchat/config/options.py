"""The options of ``asyncchat serve``: one frozen object, each option stated once.

A field's name, type, default and ``Option`` give its key in the file, its variable of the environment and its
flag; nothing else states them. To add one: a field here.
"""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin, get_type_hints

import msgspec

from asyncchat.config import passwords
from asyncchat.config.origins import origins_fault
from asyncchat.config.webhooks import Webhook
from asyncchat.core.modes import FLAGS, OPENED_FLAGS, SETTING_TABLE
from asyncchat.core.names import room_fault
from asyncchat.core.settings import RoomSetting
from asyncchat.core.stays import DAYS, PEOPLE
from asyncchat.core.text import TOPIC_BYTES, size

ENVIRONMENT = "ASYNCCHAT_"
"""How the variables begin; then the key, upper case, with ``_`` for each dot."""

DESCRIPTION_BYTES = 150
"""Longest description: fits a line of WHOIS beside the longest names."""


@dataclass(frozen=True, slots=True)
class Option:
    """What a field's type does not say.

    Attributes:
        help: a sentence for ``--help``.
        key: its place in the file, dots between table and key; empty: the field's name.
        flag: its flag; empty: made of the field's name; None: it has none. One of a switch that is on by
            default turns it off.
        metavar: what ``--help`` calls the value.
        reload: whether a reload takes it over.
        secret: whether it is never shown.
        path: whether it is a path, in the file relative to the file's place.
        check: gives why a value can't be meant, or ''.
    """

    help: str
    key: str = ""
    flag: str | None = ""
    metavar: str = ""
    reload: bool = False
    secret: bool = False
    path: bool = False
    check: Callable[[Any], str] = lambda _value: ""


class Operator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may become an operator of the server: ``[operators.NAME]``."""

    password: str = ""
    """Plain, or a hash; with an account it may be empty."""
    hosts: tuple[str, ...] = ()
    """Masks of addresses from where; empty: from everywhere."""
    account: str = ""
    """Who becomes one must be logged in to this account."""


def _name_fault(name: str) -> str:
    if 1 <= len(name) <= 63 and all(char.isascii() and (char.isalnum() or char in "-.") for char in name):
        return ""
    return "letters, digits, dots and dashes, 63 at most"


def _description_fault(text: str) -> str:
    if not text.isprintable():
        return "it has a control character"
    return f"it is longer than {DESCRIPTION_BYTES} bytes" if size(text) > DESCRIPTION_BYTES else ""


def _network_fault(text: str) -> str:
    return _description_fault(text) or ("it is longer than 60 bytes" if size(text) > 60 else "")


def _icon_fault(url: str) -> str:
    if url and not (url.startswith(("https://", "http://")) and url.isascii() and url.isprintable()):
        return "a picture's address begins with https://"
    if " " in url or len(url) > 200:
        return "an address has no spaces and at most 200 characters"
    return ""


_Count = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
_Bytes = Annotated[int, msgspec.Meta(ge=16_384, le=1_000_000_000)]


class ServeConfig(msgspec.Struct, frozen=True):
    """All options of ``asyncchat serve``."""

    host: Annotated[
        str,
        Option(
            "Listen on this address; 0.0.0.0: on all.",
            metavar="HOST",
            check=lambda host: "" if host.strip() else "it is empty",
        ),
    ] = "127.0.0.1"
    """Empty where the listeners below are all."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65535), Option("And this port; 0: any.")] = 1234
    listen: Annotated[
        tuple[str, ...],
        Option(
            "Listen here: tcp://… or unix:///…; instead of --host and --port, or beside them.", metavar="URL"
        ),
    ] = ()
    lan: Annotated[
        bool, Option("Listen on all private addresses of this machine; show the page's link for phones.")
    ] = False
    open: Annotated[bool, Option("Open the page in this machine's browser.")] = False
    db: Annotated[
        str,
        Option("Keep the history here; :memory: forgets it at the end.", metavar="FILE", path=True),
    ] = ""
    """Empty for the default in the user's state directory."""
    history: Annotated[
        bool, Option("Keep nothing of what is said.", key="history.keep", flag="--no-history")
    ] = True
    durable: Annotated[
        Literal["process", "power"],
        Option(
            "What a message that was shown survives: the end of the process, or of the power too (slower).",
            key="history.durable",
        ),
    ] = "process"
    keep_days: Annotated[
        int,
        msgspec.Meta(ge=0, le=100_000),
        Option(
            "Days after which what was said is removed; 0: never.",
            key="history.keep_days",
            flag=None,
            reload=True,
        ),
    ] = 0
    keep_megabytes: Annotated[
        int,
        msgspec.Meta(ge=0, le=10_000_000),
        Option(
            "Megabytes of history beyond which the oldest is removed; 0: without an end.",
            key="history.keep_megabytes",
            flag=None,
            reload=True,
        ),
    ] = 0
    newcomers: Annotated[
        int,
        msgspec.Meta(ge=0, le=50),
        Option(
            "Lines of a room's history a newcomer reads.", key="history.newcomers", flag=None, reload=True
        ),
    ] = 20
    name: Annotated[str, Option("The server's name.", metavar="SERVERNAME", check=_name_fault)] = (
        "asyncchat.local"
    )
    description: Annotated[
        str,
        Option(
            "What the server is, in a few words: IRC shows it in WHOIS and LINKS.",
            metavar="TEXT",
            reload=True,
            check=_description_fault,
        ),
    ] = ""
    contact: Annotated[
        str,
        Option(
            "How whoever runs the server is reached: IRC shows it in ADMIN.",
            metavar="TEXT",
            reload=True,
            check=_description_fault,
        ),
    ] = ""
    network: Annotated[
        str,
        Option(
            "What IRC clients call the network; without it, the server's name.",
            metavar="TEXT",
            reload=True,
            check=_network_fault,
        ),
    ] = ""
    icon: Annotated[
        str,
        Option("A picture that IRC clients may show for it.", metavar="URL", reload=True, check=_icon_fault),
    ] = ""
    origins: Annotated[
        tuple[str, ...],
        Option(
            "Let pages of this origin speak to the server too; its host may be a proxy's name for it.",
            key="http.origins",
            flag="--origin",
            metavar="URL",
            reload=True,
            check=origins_fault,
        ),
    ] = ()
    motd: Annotated[
        str, Option("Greet IRC clients with this text.", metavar="FILE", reload=True, path=True)
    ] = ""
    password: Annotated[
        str,
        Option(
            "What everyone needs to come in, plain or hashed.",
            flag=None,  # the list of processes would show it to everyone
            reload=True,
            secret=True,
            check=passwords.fault,
        ),
    ] = ""
    ascii_names: Annotated[
        bool, Option("Allow only letters of ASCII in new names of people and rooms.", reload=True)
    ] = False
    cloak: Annotated[
        bool, Option("Show people's addresses to everyone, instead of cloaks.", flag="--no-cloak")
    ] = True
    limits: Annotated[
        bool,
        Option(
            "No flood control: for load tests and trusted bots.",
            key="limits.flood_control",
            flag="--no-limits",
            reload=True,
        ),
    ] = True
    burst: Annotated[
        _Count, Option("Lines a connection may send at once.", key="limits.burst", flag=None, reload=True)
    ] = 100
    """A pasted page, a bot's report."""
    rate: Annotated[
        float,
        msgspec.Meta(gt=0, le=1_000_000),
        Option("Lines a second after that.", key="limits.rate", flag=None, reload=True),
    ] = 10.0
    """Faster than anyone reads."""
    input_bytes: Annotated[
        _Bytes,
        Option(
            "What one that is slowed down may have waiting before it is closed.",
            key="limits.input_bytes",
            flag=None,
            reload=True,
        ),
    ] = 1_000_000
    send_bytes: Annotated[
        _Bytes,
        Option(
            "What may wait to be sent to a session before its commands are no longer read.",
            key="limits.send_bytes",
            flag=None,
            reload=True,
        ),
    ] = 65_536
    slow_bytes: Annotated[
        _Bytes,
        Option(
            "What may wait for a session, from others, before it is disconnected.",
            key="limits.slow_bytes",
            flag=None,
            reload=True,
        ),
    ] = 1_000_000
    sessions: Annotated[
        int,
        msgspec.Meta(ge=0, le=10_000_000),
        Option(
            "Most connections; 0: as many as there are files for.",
            key="limits.sessions",
            flag=None,
            reload=True,
        ),
    ] = 0
    per_address: Annotated[
        int,
        msgspec.Meta(ge=0, le=10_000_000),
        Option(
            "Most connections from one address, of IPv6 from one /64, but for this machine's; 0: any number.",
            key="limits.per_address",
            flag=None,
            reload=True,
        ),
    ] = 256
    """A school behind one address fits in, a flood does not take every file."""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Option("What standard error shows.", reload=True)
    ] = "info"
    log_format: Annotated[Literal["text", "json"], Option("And how.")] = "text"
    registration: Annotated[
        bool, Option("Only who runs the server makes accounts.", key="accounts.registration", flag=None)
    ] = True
    before_connect: Annotated[
        bool,
        Option("Accounts may be made before one has entered.", key="accounts.before_connect", flag=None),
    ] = False
    require_email: Annotated[
        bool, Option("An account needs an e-mail address.", key="accounts.require_email", flag=None)
    ] = False
    most_stays: Annotated[
        int,
        msgspec.Meta(ge=0, le=100_000),
        Option(
            "Accounts that may stay without a connection.", key="accounts.most_stays", flag=None, reload=True
        ),
    ] = PEOPLE
    stay_days: Annotated[
        int,
        msgspec.Meta(ge=0, le=100_000),
        Option(
            "Days without a connection after which such a one is let go; 0: never.",
            key="accounts.stay_days",
            flag=None,
            reload=True,
        ),
    ] = DAYS
    operators: Annotated[
        Mapping[str, Operator], Option("Who may become an operator.", flag=None, reload=True, secret=True)
    ] = {}
    rooms: Annotated[
        Mapping[str, RoomSetting], Option("What rooms have from the start.", flag=None, reload=True)
    ] = {}
    webhooks: Annotated[
        Mapping[str, Webhook],
        Option("Where messages of some rooms are posted to.", flag=None, reload=True, secret=True),
    ] = {}


class Row(msgspec.Struct, frozen=True):
    """One option with its three names. ``type`` is what ``msgspec.convert`` takes."""

    field: str
    key: str
    variable: str
    """Empty for a table of tables, which no variable holds."""
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
        key = option.key or field.name
        is_table = isinstance(field.default_factory, type) or get_origin(field.type) is Mapping
        flag = f"--{field.name.replace('_', '-')}" if option.flag == "" else option.flag or ""
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
        return "“owner” stands for the owner code; choose another name"
    if not name or " " in name:
        return "an operator's name is one word"
    if not operator.password:
        return "" if operator.account else "an operator needs a password"
    return passwords.fault(operator.password)


def room_setting(name: str, stated: Mapping[str, object]) -> RoomSetting:
    """A room's settings as the file has them.

    Raises:
        ValueError: one can't be meant; the text says why.
    """
    reason = room_fault(name)
    if reason is not None:
        raise ValueError(f"a room can't be called {name}: {reason}")
    topic = stated.get("topic", "")
    if not isinstance(topic, str) or not topic.isprintable() or size(topic) > TOPIC_BYTES:
        raise ValueError(f"the topic is a line of at most {TOPIC_BYTES} bytes")
    flags = {}
    for flag in FLAGS:
        on = stated.get(flag, flag in OPENED_FLAGS)
        if not isinstance(on, bool):
            raise ValueError(f"{flag} is true or false")
        flags[flag] = on
    settings = {}
    for setting in SETTING_TABLE:
        value = stated.get(setting.name)
        if value is not None:
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise ValueError(f"{setting.name} is a text or a number")
            fault = setting.fault(str(value))
            if fault is not None:
                raise ValueError(f"{setting.name}: {fault}")
            settings[setting.name] = str(value)
    return RoomSetting(topic, {f: on for f, on in flags.items() if on != (f in OPENED_FLAGS)}, settings)


ROOM_KEYS = ("topic", *FLAGS, *(setting.name for setting in SETTING_TABLE))
"""What ``[rooms."#name"]`` may hold."""


def state_directory() -> Path:
    """Where this user's programs keep state (XDG Base Directory; its counterparts on macOS and Windows)."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base) / "asyncchat" if base else Path.home() / "AppData" / "Local" / "asyncchat"
    base = os.environ.get("XDG_STATE_HOME", "")
    # The specification: a relative path is invalid and to be ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "asyncchat"


def database_path(config: ServeConfig) -> Path | None:
    """The history's file, or None when nothing is kept in one."""
    if not config.history or config.db == ":memory:":
        return None
    return Path(config.db).expanduser() if config.db else state_directory() / "chat.db"
