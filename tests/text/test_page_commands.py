"""The page's own slash commands are held against the table; all others the server does (``SLASH``)."""

import re
from importlib.resources import files

from asyncchat.client.slash_commands import RAW
from asyncchat.text.slash import COMMANDS


def words_of(name):
    source = files("asyncchat").joinpath("web/js/slash.js").read_text("utf-8")
    (listed,) = re.findall(rf"^const {name} = \{{(.*?)\}};$", source, re.MULTILINE | re.DOTALL)
    return listed


def test_the_page_has_no_command_that_the_table_does_not_know():
    own = set(re.findall(r"^  (\w+): ", words_of("OWN"), re.MULTILINE))
    aliases = dict(re.findall(r"(\w+): \"(\w+)\"", words_of("ALIASES")))
    assert {"me", "join", "search"} < own
    assert own - {RAW.name} <= {command.name for command in COMMANDS.values()}
    raw = dict.fromkeys(RAW.aliases, RAW.name)
    assert (
        aliases
        == {
            word: command.name
            for word, command in COMMANDS.items()
            if command.name in own and word != command.name
        }
        | raw
    )
