"""The page's own list of slash commands is held against the table."""

import re
from importlib.resources import files

from asyncchat.text.slash import COMMANDS


def test_the_page_has_no_command_that_the_table_does_not_know():
    source = files("asyncchat").joinpath("web/js/main.js").read_text("utf-8")
    (listed,) = re.findall(r"^const COMMANDS = \{\n(.*?)^\};", source, re.MULTILINE | re.DOTALL)
    words = set(re.findall(r"^  (\w+): ", listed, re.MULTILINE))
    assert {"me", "join", "search", "help"} < words
    assert words <= set(COMMANDS)
