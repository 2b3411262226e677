"""The fast path of what is received: a chunk of nothing but messages to rooms and PINGs becomes commands.

Owns no rule: it gives what ``dispatch`` would give (the tests compare both), and declines whatever is out of
the ordinary. Load, and most of what people type, comes through here.
"""

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features.messages import Say
from asyncchat.dialects.irc.serialize import BODY_BYTES

_SAY = "PRIVMSG #"
_SAY_AT = len("PRIVMSG ")


def fast_path(data: bytes, limit: int, pong: bytes) -> list[Command] | None:
    """The commands of a chunk, or None when ``dispatch`` has to read it.

    Args:
        data: what was read, with nothing held before it.
        limit: most commands wanted.
        pong: what goes before the token of a PING in its answer.
    """
    if data[-2:] != b"\r\n" or b"\0" in data:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    lines = text.split("\r\n")
    lines.pop()
    count = len(lines)
    if count > limit or text.count("\n") != count or text.count("\r") != count:
        return None
    if (
        len(data) > BODY_BYTES
        and max(map(len, lines if text.isascii() else data.split(b"\r\n"))) > BODY_BYTES
    ):
        return None
    commands: list[Command] = []
    head = "\n"  # no line begins so
    to = ""
    for line in lines:
        if not line.startswith(head):
            if line.startswith("PING "):
                token = line[6:] if line[5:6] == ":" else line[5:]
                if not token or " " in token:
                    return None
                commands.append(DialectReply(b"%b%b\r\n" % (pong, token.encode())))
                continue
            end = line.find(" :")
            to = line[_SAY_AT:end]
            if end < 0 or not line.startswith(_SAY) or " " in to or "," in to:
                return None
            head = line[: end + 2]
        said = line[len(head) :]
        if not said or said[0] == "\x01":
            return None
        commands.append(Say(to, said))
    return commands
