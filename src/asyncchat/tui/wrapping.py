"""Text as it stands on the screen: which characters, how wide, and where a line is cut.

Owns cells and words; must not know what a text is part of. Widths are Rich's, which Textual draws with.
"""

import unicodedata

from rich.cells import cell_len, set_cell_size, split_graphemes
from rich.text import Text

from asyncchat.client.render import lines_of
from asyncchat.text.sanitize import shown

MARKS = 8
"""Most combining marks on one character: what languages need; more only cover the lines around."""


def display_lines(text: str) -> list[str]:
    """The lines of a message as a screen may show them; blank ones at its ends are left out."""
    lines = [display_line(line).rstrip() for line in lines_of(text)]
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    return lines


def one_line(text: str, most: int) -> str:
    """A text as one line of at most so many characters."""
    line = display_line(text)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def display_line(text: str) -> str:
    """A line without controls, and without what is piled up on one character."""
    text = shown(text)
    if text.isascii():
        return text
    kept: list[str] = []
    piled = 0
    for char in text:
        piled = piled + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if piled <= MARKS:
            kept.append(char)
    return "".join(kept)


def plain(text: str) -> Text:
    """Lines for a widget: without markup or controls, whoever they come from."""
    return Text("\n".join(map(display_line, text.split("\n"))))


def width_of(text: str) -> int:
    """How many cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def fitted(text: str, width: int) -> str:
    """A text in exactly so many cells: cut with ``…``, or filled with spaces."""
    if width <= 0:
        return ""
    if width_of(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)


def wrap(text: str, width: int) -> list[tuple[int, int]]:
    """Where the rows of a line begin and end: cut at words, and only within one that is wider than a row.

    A space at which a row ends is in no row. Between wide characters (Chinese, Japanese) a row may end too.

    Args:
        text: one line, without control characters.
        width: cells of a row, at least 2.
    """
    if text.isascii():
        return _wrap_ascii(text, width) if len(text) > width else [(0, len(text))]
    clusters, total = split_graphemes(text)
    if total <= width:
        return [(0, len(text))]
    rows: list[tuple[int, int]] = []
    start = used = 0  # of the row that is being filled
    word, word_used = 0, 0  # where the row may be cut, and what is used up to there
    for begin, end, cells in clusters:
        is_space = text[begin:end] == " "
        if is_space and used + cells > width:
            word, word_used = end, used
            continue  # it hangs over the edge, where nobody sees it
        while used + cells > width and begin > start:
            cut = word if word > start else begin
            rows.append((start, cut - len(text[start:cut]) + len(text[start:cut].rstrip(" "))))
            used = used - word_used if word > start else 0
            start, word, word_used = cut, cut, 0
        used += cells
        if is_space or cells == 2:
            word, word_used = end, used
    rows.append((start, start + len(text[start:].rstrip(" "))))
    return rows


def _wrap_ascii(text: str, width: int) -> list[tuple[int, int]]:
    rows: list[tuple[int, int]] = []
    start, size = 0, len(text)
    while size - start > width:
        cut = text.rfind(" ", start, start + width + 1)
        if cut <= start or not text[start:cut].strip():
            rows.append((start, start + width))
            start += width
            continue
        end = cut
        while text[end - 1] == " ":
            end -= 1
        rows.append((start, end))
        start = cut + 1
        while start < size and text[start] == " ":
            start += 1
    if start < size or not rows:
        rows.append((start, size))
    return rows
