"""What stands around the timeline: the lists' lines, the topic, the connection, who types, what waits.

Owns these words; must not know widgets.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from asyncchat.core.names import fold
from asyncchat.tui.completion import usage
from asyncchat.tui.conversation import Conversation, Said
from asyncchat.tui.panels import PanelLine
from asyncchat.tui.state import ChatState
from asyncchat.tui.wrapping import fitted, one_line, width_of

_WAITING_SHOWN = 2
"""Most of our unacknowledged messages that are shown."""

_COMPLETIONS_SHOWN = 8

HELP = """\
Enter          send
Alt-Enter      begin a line; Ctrl-J too
Tab            complete a name, #room or
               /command; again: the next
Ctrl-Up, -Down what you sent before
Ctrl-F         search
F2             menu of room or person
F3, F4         rooms, members
F5             pinned messages
Alt-1 … Alt-9  go to a room
Alt-Up, -Down  the room before, after
Alt-A, Ctrl-N  next unread room
Alt-W          leave the room
Page Up, Down  scroll
Esc            back to typing, to the end
Ctrl-P         themes, highlight words
F1             this help
Ctrl-C         copy marked text, clear what
               is typed; twice: leave
Ctrl-Q         leave

Messages: Up selects one (when nothing is typed), or click it. Then
Enter  menu
r      reply
+      react
e      edit
d      take back, remove
c      copy
p, u   pin, unpin
n      its author

Drag the mouse over text to mark it, Ctrl-C copies it. If your terminal lets nobody
write to the clipboard, hold Shift: then the terminal marks.

A pasted text is one message, however many lines it has.
/help lists the commands, /help KICK explains one. // sends a line that begins with /.
"""


def room_lines(state: ChatState) -> list[PanelLine]:
    """The list of rooms: their numbers, what is unread, where somebody called."""
    lines = []
    for number, each in enumerate(state.conversations.values(), 1):
        lines.append(
            PanelLine(
                each.name,
                f"{number if number < 10 else ' '} {one_line(each.name, 60)}",
                _badge(each),
                _room_style(state, each),
            )
        )
    return lines


def _badge(conversation: Conversation) -> str:
    """``3`` unread messages; ``!2`` of them call us."""
    if conversation.calls:
        return f"!{conversation.calls}"
    return str(conversation.unread) if conversation.unread else ""


def _room_style(state: ChatState, conversation: Conversation) -> str:
    if conversation is state.current:
        return "current"
    if conversation.calls:
        return "calls"
    if conversation.unread:
        return "unread"
    return "" if conversation.is_joined or conversation.is_private else "dim"


def member_lines(names: Iterable[str], prefixes: Mapping[str, str]) -> list[PanelLine]:
    """The list of members: those with the highest roles first, then by name."""
    held = {fold(nick): signs for nick, signs in prefixes.items()}

    def order(nick: str) -> tuple[int, str]:
        sign = held.get(fold(nick), "")[:1]
        return ("~&@%+".find(sign) if sign else 5, fold(nick))

    ordered = sorted(names, key=order)
    heading = PanelLine("", f"{len(ordered)} {'member' if len(ordered) == 1 else 'members'}", "", "heading")
    return [
        heading,
        *(PanelLine(nick, one_line(f"{held.get(fold(nick), '')[:1] or ' '}{nick}", 60)) for nick in ordered),
    ]


def tabs(state: ChatState, width: int) -> str:
    """The rooms in one line, for screens without a list: the current one and those with something unread."""
    parts: list[str] = []
    for number, each in enumerate(state.conversations.values(), 1):
        name, badge = one_line(each.name, 24), _badge(each)
        if each is state.current:
            parts.insert(0, f"[{name}]")
        elif badge:
            parts.insert(1 if parts and parts[0].startswith("[") else 0, f"{badge} {number}:{name}")
        else:
            parts.append(f"{number}:{name}")
    if state.disconnected:
        parts.insert(0, "offline")
    return fitted("  ".join(parts), width).rstrip()


def top(state: ChatState, topic: str, again_in: int | None, width: int) -> str:
    """The line above: where one is, the topic, and the connection at its end."""
    current = state.current
    connection = f"{one_line(state.nick, 20)} ●"
    if state.disconnected:
        again = "trying again" if again_in is None else f"again in {again_in} s"
        connection = f"○ offline, {again}"
    name = one_line(current.name, 40)
    about = f"{name}  {one_line(topic, 300)}" if topic else name
    if current.is_private:
        about = f"{name}  private"
    elif not current.is_joined:
        about = f"{name}  you are not in this room"
    room = width - width_of(connection) - 2
    return f"{fitted(about, room)}  {connection}" if room > 8 else fitted(connection, width)


def below(
    state: ChatState,
    *,
    waiting: Sequence[str],
    replying: Said | None,
    editing: Said | None,
    typed: str,
    completed: str,
    is_at_end: bool,
    is_short: bool,
    now: datetime,
) -> str:
    """The lines between the timeline and what is typed; on a short screen only the most important one."""
    lines = []
    if replying is not None:
        said = replying.message
        lines.append(f"Reply to {one_line(said.nick, 24)}: {one_line(said.text, 60)} (Esc: no reply)")
    if editing is not None:
        lines.append("You edit your message (Esc: leave it as it is)")
    mark = " (waits for the connection)" if state.disconnected else ""
    lines += [f"… {one_line(text, 120)}{mark}" for text in waiting[:_WAITING_SHOWN]]
    if len(waiting) > _WAITING_SHOWN:
        lines.append(f"… and {len(waiting) - _WAITING_SHOWN} more{mark}")
    if completed:
        lines.append(completed)
    elif help := usage(typed):
        lines.append(help)
    if not is_at_end:
        below = f"{state.current.unread} new below" if state.current.unread else "scrolled back"
        lines.append(f"▼ {below} (Esc: to the end)")
    if typing := _typing(state.current, now):
        lines.append(typing)
    return "\n".join(lines[:1] if is_short else lines)


def _typing(conversation: Conversation, now: datetime) -> str:
    conversation.typing = {
        key: (nick, until) for key, (nick, until) in conversation.typing.items() if until > now
    }
    nicks = [one_line(nick, 24) for nick, _ in conversation.typing.values()]
    if not nicks:
        return ""
    if len(nicks) > 3:
        return f"{len(nicks)} people are typing…"
    return f"{', '.join(nicks)} {'is' if len(nicks) == 1 else 'are'} typing…"


def completions(words: Sequence[str], chosen: int) -> str:
    """The words that fit, the chosen one in brackets."""
    if len(words) < 2:
        return ""
    first = max(0, min(chosen - _COMPLETIONS_SHOWN // 2, len(words) - _COMPLETIONS_SHOWN))
    shown = [
        f"[{word.strip()}]" if number == chosen else word.strip()
        for number, word in enumerate(words[first : first + _COMPLETIONS_SHOWN], first)
    ]
    more = len(words) - len(shown)
    return "  ".join(shown) + (f"  … {more} more" if more > 0 else "")
