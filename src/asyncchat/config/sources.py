"""Where options come from: a file, then the environment, then the flags; what comes later counts.

Owns reading, checking and merging them, and the messages about faults; must not know what the options do.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from asyncchat.config import options
from asyncchat.config.passwords import PREFIX
from asyncchat.config.rooms import ROOM_KEYS, room_setting
from asyncchat.config.toml_lines import lines_of
from asyncchat.config.webhooks import Webhook, webhook_fault
from asyncchat.core.features.room_defaults import RoomDefaults
from asyncchat.errors import AsyncChatError, Misuse

FILE_VARIABLE = options.ENVIRONMENT + "CONFIG"
"""The variable that names the file, unless a flag does."""

S = TypeVar("S", bound=msgspec.Struct)

_DEFAULT, _FILE, _ENVIRONMENT, _FLAG = range(4)


class ConfigError(Misuse):
    """A configuration is not valid."""


class ConfigUnreadable(AsyncChatError):
    """The file of a configuration can't be read."""


class Stated(msgspec.Struct, frozen=True):
    """One option as a source has it; ``rank`` orders the sources, ``origin`` names the place."""

    value: Any
    rank: int
    origin: str


class Effective(msgspec.Struct, frozen=True):
    """The merged options. ``origins`` has the place of each field that a source states."""

    config: options.ServeConfig
    origins: Mapping[str, str]
    file: str
    """The file's name as given; empty without one."""


def exposed(effective: Effective) -> str:
    """Why too many can read the file, or ''. A hash may be seen, a plain password may not."""
    config, name = effective.config, effective.file
    stated = [operator.password for operator in config.operators.values()]
    stated += [gateway.password for gateway in config.gateways.values()]
    if effective.origins.get("password", "").startswith(f"{name}, line "):
        stated.append(config.password)
    if not name or not any(text and not text.startswith(PREFIX) for text in stated):
        return ""
    try:
        mode = Path(name).expanduser().stat().st_mode
    except OSError:
        return ""
    if os.name != "posix" or not mode & 0o044:
        return ""
    return (
        f"The configuration {name} has a plain password, and others on this machine can read it. "
        f"Run chmod 600 {name}, or use a hash from “asyncchat config password”"
    )


class Sources(msgspec.Struct, frozen=True):
    """The sources of one server's options.

    Args:
        file: the file; None: the environment may name one.
        environment: all variables; only those of the options are read.
        flags: the flags that were given, by field, as typed.
        values: what a program states instead, by key or flag, with ``_`` for ``.`` and ``-``.
    """

    file: str | None
    environment: Mapping[str, str]
    flags: Mapping[str, object] = {}
    values: Mapping[str, object] = {}

    @property
    def file_name(self) -> str:
        """The file, or '' where there is none."""
        return self.file or self.environment.get(FILE_VARIABLE, "")

    def load(self) -> Effective:
        """Reads and merges them.

        Raises:
            ConfigError: an option is not valid.
            ConfigUnreadable: the file can't be read.
        """
        stated = _from_file(self.file_name) if self.file_name else {}
        own = self._own_values()
        for row in options.table():
            value = self.environment.get(row.variable) if row.variable else None
            if value is not None:
                origin = f"${row.variable}"
                given: object = value.split() if isinstance(row.default, tuple) else value
                stated[row.field] = Stated(_converted(row, given, origin), _ENVIRONMENT, origin)
            if row.flag and row.field in self.flags:
                value_of_flag = _converted(row, self.flags[row.field], row.flag)
                stated[row.field] = Stated(value_of_flag, _FLAG, row.flag)
            if row.field in own:
                name, stands = own[row.field]
                stated[row.field] = Stated(_converted(row, stands, name, strict=True), _FLAG, name)
        _settle(stated)
        profile = stated["profile"].value if "profile" in stated else options.ServeConfig().profile
        for field, value in options.PROFILES[profile].items():
            stated.setdefault(field, Stated(value, _DEFAULT, f'limits.profile "{profile}"'))
        config = options.ServeConfig(**{field: option.value for field, option in stated.items()})
        origins = {field: option.origin for field, option in stated.items() if option.origin}
        return Effective(config, origins, self.file_name)

    def _own_values(self) -> dict[str, tuple[str, object]]:
        """What the program states: its name for it and the value, by field."""
        known = {name: row for row in options.table() for name in _names(row)}
        found: dict[str, tuple[str, object]] = {}
        for name, value in self.values.items():
            row = known.get(name)
            if row is None:
                fields = {row.field: _names(row)[0] for row in options.table()}
                near = fields.get(name) or next(iter(get_close_matches(name, known, 1)), "")
                raise ConfigError(f"There is no option {name}{f': did you mean {near}?' if near else ''}")
            if not row.variable:
                raise ConfigError(f"{name} is a table: state it in a configuration file")
            found[row.field] = name, value
        return found


def _names(row: options.Row) -> list[str]:
    """What a program calls an option: its key, and its flag where it has one."""
    flag = row.flag.removeprefix("--").removeprefix("no-").replace("-", "_")
    return [row.key.replace(".", "_"), *([flag] if flag else [])]


def _settle(stated: dict[str, Stated]) -> None:
    """Decides between options that exclude each other: the later source counts.

    Raises:
        ConfigError: the same source states both.
    """
    nothing = Stated(None, _DEFAULT, "")
    keeps_none = stated.get("history", nothing)
    lan = stated.get("lan", nothing)
    contradictions = [
        ("db", "history", "db" in stated and keeps_none.value is False),
        ("host", "lan", "host" in stated and lan.value is True),
    ]
    for one, other, contradict in contradictions:
        if contradict:
            if stated[one].rank == stated[other].rank:
                raise ConfigError(f"{stated[one].origin} and {stated[other].origin} exclude each other")
            del stated[min(one, other, key=lambda field: stated[field].rank)]
    if stated.get("listen", nothing).value and not {"host", "port", "lan"} & stated.keys():
        stated["host"] = Stated("", _DEFAULT, "")


def _from_file(name: str) -> dict[str, Stated]:
    try:
        text = Path(name).expanduser().read_bytes().decode()
    except OSError as error:
        raise ConfigUnreadable(f"The configuration {name} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not UTF-8 text") from error
    text = text.replace("\r\n", "\n")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}") from error
    return _File(name, lines_of(text)).options(document)


class _File:
    def __init__(self, name: str, lines: Mapping[tuple[str, ...], int]) -> None:
        self._name = name
        self._lines = lines
        self._rows = {tuple(row.key.split(".")): row for row in options.table()}
        self._tables = {path[0] for path in self._rows if len(path) > 1}

    def options(self, document: Mapping[str, Any]) -> dict[str, Stated]:
        tables: dict[str, Callable[[tuple[str, ...], Mapping[str, Any]], Any]] = {
            "operators": lambda path, stated: self._struct(
                path, stated, options.Operator, lambda operator: options.operator_fault(path[-1], operator)
            ),
            "rooms": self._room,
            "webirc": lambda path, stated: self._struct(path, stated, options.Gateway, options.gateway_fault),
            "webhooks": lambda path, stated: self._struct(path, stated, Webhook, webhook_fault),
        }
        found: dict[str, Stated] = {}
        for key, value in document.items():
            if key in tables:
                named = {name: tables[key]((key, name), one) for name, one in self._tables_in(key, value)}
                found[self._rows[(key,)].field] = Stated(named, _FILE, self._where((key,)))
            elif key in self._tables:
                if not isinstance(value, dict):
                    raise self._wrong((key,), "a table is expected")
                for inner, inner_value in value.items():
                    self._take((key, inner), inner_value, found)
            else:
                self._take((key,), value, found)
        return found

    def _take(self, path: tuple[str, ...], value: Any, found: dict[str, Stated]) -> None:
        row = self._rows.get(path)
        if row is None:
            raise self._unknown(path, [known[-1] for known in self._rows if known[:-1] == path[:-1]])
        origin = self._where(path)
        value = _converted(row, value, f"{row.key} in {origin}", strict=True)
        if row.option.path and value and value != ":memory:":
            value = str(Path(self._name).expanduser().parent / Path(value).expanduser())
        found[row.field] = Stated(value, _FILE, origin)

    def _tables_in(self, key: str, value: Any) -> list[tuple[str, Mapping[str, Any]]]:
        if not isinstance(value, dict):
            raise self._wrong((key,), "a table is expected")
        for name, inner in value.items():
            if not isinstance(inner, dict):
                raise self._wrong((key, name), "a table is expected")
        return list(value.items())

    def _struct(
        self, path: tuple[str, ...], stated: Mapping[str, Any], kind: type[S], fault_of: Callable[[S], str]
    ) -> S:
        self._check_keys(path, stated, kind.__struct_fields__)
        try:
            value = msgspec.convert(stated, kind)
        except msgspec.ValidationError as error:
            raise self._wrong(path, _half_sentence(error)) from error
        if fault := fault_of(value):
            raise self._wrong(path, fault)
        return value

    def _room(self, path: tuple[str, ...], stated: Mapping[str, Any]) -> RoomDefaults:
        self._check_keys(path, stated, ROOM_KEYS)
        try:
            return room_setting(path[-1], stated)
        except ValueError as error:
            raise self._wrong(path, str(error)) from error

    def _check_keys(self, path: tuple[str, ...], stated: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in stated:
            if key not in known:
                raise self._unknown((*path, key), list(known))

    def _unknown(self, path: tuple[str, ...], known: list[str]) -> ConfigError:
        near = get_close_matches(path[-1], known if len(path) > 1 else [*known, *self._tables], 1)
        if not near:  # the right key in the wrong table
            near = [".".join(row) for row in self._rows if row[-1] == path[-1]]
        meant = f': did you mean "{near[0]}"?' if near else ""
        return ConfigError(f'Unknown key "{_dotted(path)}" in {self._where(path)}{meant}')

    def _wrong(self, path: tuple[str, ...], fault: str) -> ConfigError:
        return ConfigError(f"{_dotted(path)} in {self._where(path)}: {fault}")

    def _where(self, path: tuple[str, ...]) -> str:
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return f"{self._name}, line {self._lines[path[:length]]}"
        return self._name


def _converted(row: options.Row, value: object, place: str, *, strict: bool = False) -> Any:
    try:
        converted = msgspec.convert(value, row.type, strict=strict)
    except msgspec.ValidationError as error:
        inner = get_args(row.type)[0]
        choices = ", ".join(get_args(inner)) if get_origin(inner) is Literal else ""
        fault = f"it is none of {choices}" if choices else _half_sentence(error)
        raise ConfigError(f"{place}: {fault}") from error
    fault = row.option.check(converted)
    if fault:
        raise ConfigError(f"{place}: {fault}")
    return converted


def _half_sentence(error: msgspec.ValidationError) -> str:
    text = str(error).replace("`", "")
    return text[:1].lower() + text[1:]


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(
        part if part.replace("-", "").replace("_", "").isalnum() else f'"{part}"' for part in path
    )
