"""The second half of ``docs/irc-reference.md``, made of the dialect's tables and the tests beside it.

``python -m tests.dialects.irc.coverage`` writes it; ``test_coverage`` fails while it is stale.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from asyncchat.core.ids import Ids
from asyncchat.dialects.base import ServerInfo
from asyncchat.dialects.irc import (
    features,  # noqa: F401  # fills the tables
    numerics,
)
from asyncchat.dialects.irc.capabilities import CAPABILITIES, isupport_tokens
from asyncchat.dialects.irc.registry import COMMANDS

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PAGE = ROOT / "docs" / "irc-reference.md"
MARKER = "<!-- made: do not edit below -->"

MODERN = "[Modern IRC](https://modern.ircdocs.horse/#{anchor})"
IRCV3 = "[IRCv3](https://ircv3.net/specs/{path})"
SOJU = "[soju](https://soju.im/{name})"
RFC_2812 = "[RFC 2812](https://www.rfc-editor.org/rfc/rfc2812#section-{section})"

_COMMANDS = {
    "ACCEPT": "as of ergo and solanum",
    "BATCH": IRCV3.format(path="extensions/client-batch"),
    "CHANSERV": "of its own",
    "CS": "of its own",
    "NICKSERV": "of its own",
    "NS": "of its own",
    "REGISTER": IRCV3.format(path="extensions/account-registration"),
    "VERIFY": IRCV3.format(path="extensions/account-registration"),
    "CHATHISTORY": IRCV3.format(path="extensions/chathistory"),
    "DEVICES": "of its own",
    "PREFERENCES": "of its own",
    "CHGHOST": IRCV3.format(path="extensions/chghost"),
    "INVITECODE": "of its own",
    "INVITECODES": "of its own",
    "UNINVITE": "of its own",
    "EDIT": "of its own",
    "EDITS": "of its own",
    "HELPOP": MODERN.format(anchor="help-message"),
    "ISON": RFC_2812.format(section="4.9"),
    "KLINE": "of its own",
    "UNKLINE": "of its own",
    "DIE": RFC_2812.format(section="4.3"),
    "ISUPPORT": IRCV3.format(path="extensions/extended-isupport"),
    "METADATA": IRCV3.format(path="extensions/metadata"),
    "MONITOR": IRCV3.format(path="extensions/monitor"),
    "SETNAME": IRCV3.format(path="extensions/setname"),
    "SESSIONKEY": "of its own",
    "SLASH": "of its own",
    "SEARCH": SOJU.format(name="search"),
    "SUMMON": RFC_2812.format(section="4.5"),
    "TBAN": "as of InspIRCd",
    "KNOCK": "as of ratbox and InspIRCd",
    "OWNER": "of its own",
    "PIN": "of its own",
    "PINS": "of its own",
    "RENAME": IRCV3.format(path="extensions/channel-rename"),
    "TAGMSG": IRCV3.format(path="extensions/message-tags"),
    "UNPIN": "of its own",
    "USERS": RFC_2812.format(section="4.6"),
    "WEBIRC": IRCV3.format(path="extensions/webirc"),
    "WEBPUSH": IRCV3.format(path="extensions/webpush"),
}
"""Where a command is specified, if not in Modern IRC."""

_TOKENS = {
    "ACCOUNTEXTBAN": "extensions/account-extban",
    "BOT": "extensions/bot-mode",
    "CHATHISTORY": "extensions/chathistory",
    "MSGREFTYPES": "extensions/chathistory",
    "MONITOR": "extensions/monitor",
    "NAMELEN": "extensions/setname",
    "draft/ICON": "extensions/network-icon",
    "UTF8ONLY": "extensions/utf8-only",
    "WHOX": "extensions/whox",
}
"""Where a token of 005 is specified, if not in Modern IRC."""

_OF_RFC_2812 = {"RPL_STATSKLINE", "RPL_STATSOLINE", "ERR_SUMMONDISABLED", "ERR_USERSDISABLED"}
"""Numerics that Modern IRC leaves out or only names."""


def tests() -> dict[str, str]:
    """The text of each test of the dialect, by its path from the root."""
    files = [*HERE.rglob("test_*.py"), *(ROOT / "tests" / "server").glob("test_*.py")]
    found = {file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in sorted(files)}
    return {name: text for name, text in found.items() if not name.endswith("test_coverage.py")}


def covering(word: str, pattern: str, texts: dict[str, str]) -> list[str]:
    """The tests in which a pattern of a word is found, those with most of it first, at most three."""
    counts = {name: len(re.findall(pattern, text)) for name, text in texts.items() if word in text}
    return sorted(filter(counts.get, counts), key=lambda name: (-counts[name], name))[:3]


def _command_row(name: str, texts: dict[str, str]) -> tuple[str, str, str, list[str]]:
    spec = _COMMANDS.get(name, MODERN.format(anchor=f"{name.lower()}-message"))
    usage = f"{name} {COMMANDS[name].params}".rstrip().replace("|", "\\|")
    return (
        f"`{usage}`",
        COMMANDS[name].about,
        spec,
        covering(name, rf"[\"'\\n]{name}\b(?!\")|\"{name}\"", texts),
    )


def _numeric_row(name: str, code: str, texts: dict[str, str]) -> tuple[str, str, str, list[str]]:
    modern = MODERN.format(anchor=f"{name.lower().replace('_', '')}-{code}")
    spec = RFC_2812.format(section="5") if name in _OF_RFC_2812 else modern
    if name in ("RPL_PINLIST", "RPL_ENDOFPINLIST"):
        spec = "of its own"
    if name == "RPL_WHOISGATEWAY":
        spec = "as of InspIRCd"
    if "760" <= code <= "774":
        spec = IRCV3.format(path="extensions/metadata#numerics")
    return f"`{code}`", name, spec, covering(code, rf"[\"' ]{code}[\"' ]", texts)


def _token_row(token: str, texts: dict[str, str]) -> tuple[str, str, str, list[str]]:
    name = token.partition("=")[0]
    path = _TOKENS.get(name)
    spec = IRCV3.format(path=path) if path else MODERN.format(anchor=f"{name.lower()}-parameter")
    shown = f"{name}=…" if name in ("NETWORK", "draft/ICON") else token
    return f"`{shown}`", "", spec, covering(name, rf"\b{name}\b", texts)


def rows() -> Iterator[tuple[str, tuple[str, str, str, list[str]]]]:
    """Each row under its section: what, a text, the specification, the tests."""
    texts = tests()
    for name in sorted(COMMANDS):
        yield "Commands", _command_row(name, texts)
    codes = ((name, value) for name, value in vars(numerics).items() if name.startswith(("RPL_", "ERR_")))
    for name, code in sorted(codes, key=lambda item: item[1]):
        yield "Numerics", _numeric_row(name, code, texts)
    server = ServerInfo("irc.example.org", "0", 0, Ids([(1, "e1")]), icon="https://example.org/icon.svg")
    for token in isupport_tokens(server):
        yield "Tokens of 005", _token_row(token, texts)
    for capability in sorted(CAPABILITIES, key=lambda one: one.name):
        spec = IRCV3.format(path=capability.spec)
        if not capability.spec:
            spec = "of its own"
        elif capability.spec.startswith("https://"):
            spec = f"[{'soju' if 'soju' in capability.spec else 'IRCv3'}]({capability.spec})"
        found = covering(capability.name, rf"\b{re.escape(capability.name)}\b", texts)
        yield "Capabilities", (f"`{capability.name}`", "", spec, found)


def made() -> str:
    """What is made, from its marker to the end of the page."""
    lines = [
        MARKER,
        "",
        "## Commands, numerics, tokens, capabilities",
        "",
        "Made of the tables by `python -m tests.dialects.irc.coverage`; a test fails while it is stale.",
        "The tests are those, three at most, in which the word, number or token occurs most. That each",
        "command was sent and each numeric told is asked after all of them (`dialects/irc/test_wire.py`).",
    ]
    section = ""
    for title, (what, text, spec, found) in rows():
        if title != section:
            section = title
            lines += ["", f"### {title}", "", "| | | Specification | Tests |", "|---|---|---|---|"]
        lines.append(f"| {what} | {text} | {spec} | {_listed(found)} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The whole page: what people wrote, then what is made."""
    written, _, _ = PAGE.read_text("utf-8").partition(MARKER)
    return written.rstrip("\n") + "\n\n" + made()


def _listed(found: Iterable[str]) -> str:
    return ", ".join(f"`{name.removeprefix('tests/')}`" for name in found)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
