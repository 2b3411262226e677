"""What a client knows of its server: capabilities and 005's tokens, and how it asks for them.

Owns negotiation (IRCv3 capability-negotiation) and limits; must not know what is said.
"""

from collections.abc import Iterable

from asyncchat.core.names import fold
from asyncchat.dialects.irc.tokens import LINE_BYTES, Message, Tags, is_denied

WANTED = ["batch", "echo-message", "labeled-response", "message-tags", "server-time"]
"""Capabilities that this client makes use of, those of features too; all are optional."""

_DEPENDS_ON_BATCH = {"labeled-response"}


def wanted(*names: str, batch: bool = False) -> None:
    """Declares capabilities that a feature makes use of, with ``batch`` only beside batches."""
    WANTED.extend(names)
    if batch:
        _DEPENDS_ON_BATCH.update(names)


HOST_BYTES = 63
"""Longest host in an origin, where 005 has no HOSTLEN: a DNS label; servers show no longer ones."""

USER_BYTES = 18
"""Longest user in an origin, where 005 has no USERLEN."""

LINES = 100
"""Most lines of a message, where the server sets no limit."""

PAGE = 100
"""Messages asked for at a time, where 005's CHATHISTORY sets no limit."""

_RFC1459 = str.maketrans("[]\\~", "{}|^")
_RFC1459_STRICT = str.maketrans("[]\\", "{}|")


class ServerFacts:
    """Capabilities in force and 005's tokens."""

    def __init__(self, also: frozenset[str] = frozenset()) -> None:
        self._wanted = frozenset(WANTED) | also
        self.capabilities: set[str] = set()
        self.tokens: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self.negotiating = False
        self._offered: set[str] = set()
        self._asked: list[frozenset[str]] = []

    # Negotiation: what to send next, given a CAP line.

    def start(self) -> list[tuple[str, ...]]:
        """The CAP commands that open a connection."""
        self.negotiating = True
        return [("CAP", "LS", "302")]

    def cap(self, line: Message) -> list[tuple[str, ...]]:
        """Takes a CAP line, gives the commands to send."""
        kind = line.param(1).upper()
        words = line.params[-1].split() if line.params else []
        names = {word.partition("=")[0] for word in words}
        if kind in ("LS", "NEW"):
            stated = (word.partition("=") for word in words)
            self._values |= {name: value for name, _, value in stated if name in self._wanted}
        if kind == "LS":
            self._offered |= names & self._wanted
            if len(line.params) > 3 and line.param(2) == "*":
                return []
            return self._ask(self._useful(self._offered))
        if kind == "NEW":
            return self._ask(self._useful(names) - self.capabilities)
        if kind == "ACK":
            self.capabilities |= {name for name in names if not name.startswith("-")}
            self.capabilities -= {name[1:] for name in names if name.startswith("-")}
            return self._next()
        if kind == "NAK":
            refused = self._asked[0] if self._asked else frozenset()
            if len(refused) > 1:  # all or nothing: ask for each by itself
                self._asked[1:1] = [frozenset((name,)) for name in sorted(refused)]
            return self._next()
        if kind == "DEL":
            self.capabilities -= names
        return []

    def end(self) -> list[tuple[str, ...]]:
        """Ends the negotiation, if one is under way."""
        if not self.negotiating:
            return []
        self.negotiating = False
        return [("CAP", "END")]

    def _useful(self, offered: Iterable[str]) -> set[str]:
        useful = set(offered) & self._wanted
        return useful if "batch" in useful | self.capabilities else useful - _DEPENDS_ON_BATCH

    def _ask(self, names: set[str]) -> list[tuple[str, ...]]:
        names = names.difference(*self._asked)
        if not names:
            return [] if self._asked else self.end()
        self._asked.append(frozenset(names))
        return self._request(self._asked[-1]) if len(self._asked) == 1 else []

    def _next(self) -> list[tuple[str, ...]]:
        del self._asked[:1]
        return self._request(self._asked[0]) if self._asked else self.end()

    def _request(self, names: frozenset[str]) -> list[tuple[str, ...]]:
        return [("CAP", "REQ", " ".join(sorted(names)))]

    # 005

    def isupport(self, line: Message) -> None:
        """Takes a RPL_ISUPPORT."""
        for word in line.params[1:-1]:
            key, _, value = word.partition("=")
            if key.startswith("-"):
                self.tokens.pop(key[1:], None)
            elif key:
                self.tokens[key] = value

    def number(self, key: str, default: int) -> int:
        """A token's number, or the default where it has none."""
        value = self.tokens.get(key, "")
        return int(value) if _is_number(value) else default

    def fold(self, name: str) -> str:
        """The key of a name: equal for names that are the same to the server."""
        mapping = self.tokens.get("CASEMAPPING", "")
        if mapping in ("rfc1459", ""):
            name = name.translate(_RFC1459)
        elif mapping == "rfc1459-strict":
            name = name.translate(_RFC1459_STRICT)
        return fold(name)

    def is_room(self, name: str) -> bool:
        """Whether a name is a room's."""
        return name[:1] != "" and name[0] in (self.tokens.get("CHANTYPES") or "#&")

    def bare_room(self, target: str) -> str:
        """The room behind a target, without the prefix that addresses some of its members only."""
        bare = target.lstrip(self.tokens.get("STATUSMSG", ""))
        return bare if bare != target and self.is_room(bare) else target

    def passed_on(self, tags: Tags) -> Tags:
        """Those of a client's tags that the server passes on to others."""
        if "message-tags" not in self.capabilities:
            return ()
        denied = self.tokens.get("CLIENTTAGDENY", "").split(",")
        return tuple(tag for tag in tags if not is_denied(denied, tag[0].removeprefix("+")))

    @property
    def member_prefixes(self) -> str:
        """The characters before a member's nick in NAMES, highest first."""
        return self.tokens.get("PREFIX", "(ov)@+").partition(")")[2]

    @property
    def member_modes(self) -> dict[str, str]:
        """The modes that give a member a role, and the prefix of each."""
        letters, _, prefixes = self.tokens.get("PREFIX", "(ov)@+").lstrip("(").partition(")")
        return dict(zip(letters, prefixes, strict=False))

    def has_parameter(self, letter: str, on: bool) -> bool:
        """Whether a room's mode, other than a member's, has a parameter when it is set or taken back."""
        lists, always, when_set = (*self.tokens.get("CHANMODES", "beI,k,l").split(",")[:3], "", "", "")[:3]
        return letter in lists + always or (on and letter in when_set)

    @property
    def line_bytes(self) -> int:
        """Longest line without tags, CR LF included."""
        return max(LINE_BYTES, self.number("LINELEN", LINE_BYTES))

    @property
    def echoes(self) -> bool:
        """Whether the server sends us what we said."""
        return "echo-message" in self.capabilities

    @property
    def labels(self) -> bool:
        """Whether the server's answers carry our label."""
        return {"labeled-response", "batch"} <= self.capabilities

    @property
    def multiline(self) -> tuple[int, int] | None:
        """Most bytes and lines of a message of several lines; None: we send none.

        Only with labels is it certain which of them the server has taken.
        """
        if not self.labels or not {"draft/multiline", "message-tags"} <= self.capabilities:
            return None
        limits = dict(word.partition("=")[::2] for word in self._values.get("draft/multiline", "").split(","))
        most_bytes, most_lines = limits.get("max-bytes", ""), limits.get("max-lines", "")
        if not _is_number(most_bytes) or int(most_bytes) < LINE_BYTES:
            return None  # it is required (IRCv3 multiline, "Capability value")
        return int(most_bytes), int(most_lines) if _is_number(most_lines) and int(most_lines) else LINES

    @property
    def keeps_history(self) -> bool:
        """Whether the history can be asked for, with times and in batches."""
        return bool({"draft/chathistory", "chathistory"} & self.capabilities) and (
            {"batch", "server-time", "message-tags"} <= self.capabilities
        )

    @property
    def searches(self) -> bool:
        """Whether what was said can be searched for, with times and in batches."""
        return {"soju.im/search", "batch", "server-time", "message-tags"} <= self.capabilities

    @property
    def keeps_preferences(self) -> bool:
        """Whether the server keeps what people chose."""
        return "asyncchat/preferences" in self.capabilities

    @property
    def page(self) -> int:
        """Most messages to ask for at a time."""
        return self.number("CHATHISTORY", 0) or PAGE

    @property
    def refers_by_id(self) -> bool:
        """Whether the history takes ids, not only times, for a position."""
        kinds = self.tokens.get("MSGREFTYPES")
        return kinds is None or "msgid" in kinds.split(",")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 9
