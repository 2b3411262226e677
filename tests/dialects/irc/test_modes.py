"""The letters and the documentation that lists them."""

from pathlib import Path

import pytest

from asyncchat.core.modes import BANS, EXCEPTIONS, MUTES
from asyncchat.dialects.irc import modes
from asyncchat.dialects.irc.modes import format_extban, parse_extban, prefix

PAGE = Path(__file__).parents[3] / "docs" / "irc-reference.md"
FEATURES = Path(__file__).parent / "features"
TESTS = [FEATURES / f"test_{name}.py" for name in ("room_modes", "connect")]


def rows(title: str) -> dict[str, str]:
    """The rows of a section's table, by letter."""
    section = PAGE.read_text(encoding="utf-8").partition(f"### {title}\n")[2].partition("\n#")[0]
    lines = (line for line in section.splitlines() if line.startswith("| `"))
    return {line.split("`")[1]: line for line in lines}


@pytest.mark.parametrize(
    ("title", "letters"),
    [
        ("Of a room", {*modes.FLAG_OF, *modes.SETTING_OF, *modes.LIST_OF}),
        ("Roles", set(modes.ROLE_OF)),
        ("Of oneself", set(modes.USER_MODES)),
    ],
)
def test_the_page_lists_each_mode(title, letters):
    assert set(rows(title)) == letters


def test_the_page_names_tests_that_are_there():
    written = "".join(path.read_text(encoding="utf-8") for path in TESTS)
    for row in (*rows("Of a room").values(), *rows("Of oneself").values()):
        named = row.split("|")[-2].split("`")[1::2]
        assert named
        assert all(
            (FEATURES / name).exists()
            if ".py" in name
            else f"{name}(" in written or f"class {name}" in written
            for name in named
        )


@pytest.mark.parametrize(
    ("letter", "typed", "listed", "mask", "shown"),
    [
        ("b", "a!*@*", BANS, "a!*@*", "a!*@*"),
        ("b", "m:a!*@*", MUTES, "a!*@*", "m:a!*@*"),
        ("b", "M:r:x*", MUTES, "~realname:x*", "m:r:x*"),
        ("b", "r:x*", BANS, "~realname:x*", "r:x*"),
        ("b", "m:A:x*", MUTES, "~account:x*", "m:a:x*"),
        ("e", "r:x*", EXCEPTIONS, "~realname:x*", "r:x*"),
        ("e", "m:x", EXCEPTIONS, "~mute:x", "m:x"),
    ],
)
def test_masks_there_and_back(letter, typed, listed, mask, shown):
    assert parse_extban(modes.LIST_OF[letter], typed) == (listed, mask, 0)
    assert format_extban(listed, mask) == (letter, shown)


@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        ("t:90:x!*@*", (BANS, "x!*@*", 90)),
        ("T:1d12h:m:x!*@*", (MUTES, "x!*@*", 129_600)),
        ("t:2h:r:x", (BANS, "~realname:x", 7200)),
        ("t:soon:x", (BANS, "t:soon:x", 0)),
        ("t:2h:", (BANS, "t:2h:", 0)),
        ("t:0:x", (BANS, "t:0:x", 0)),
    ],
)
def test_masks_for_a_time(typed, heard):
    assert parse_extban(BANS, typed) == heard


@pytest.mark.parametrize(
    ("held", "one", "every"), [(0, "", ""), (1, "+", "+"), (7, "@", "@%+"), (31, "~", "~&@%+")]
)
def test_prefixes(held, one, every):
    assert (prefix(held, every=False), prefix(held, every=True)) == (one, every)
