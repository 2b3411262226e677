"""What features declare: each thing once, in modules that no list names."""

import sys
from pathlib import Path

import pytest

from asyncchat.core.features.join import RoomHasMoved
from asyncchat.core.features.rooms import Joined, Parted
from asyncchat.core.features.topic import TopicView
from asyncchat.core.replies import NoText
from asyncchat.dialects.irc import features, registry
from asyncchat.dialects.irc.capabilities import capability, token
from asyncchat.dialects.irc.client_registry import READERS, from_server

MODULES = sorted(path.stem for path in Path(features.__path__[0]).glob("[a-z]*.py"))


def nothing(*_arguments: object) -> bytes:
    return b""


@pytest.mark.parametrize(
    "declare",
    [
        lambda: registry.command("JOIN", about="")(lambda _session, _message: ()),
        lambda: registry.reply(TopicView)(nothing),
        lambda: registry.refusal(NoText, "412", "", ""),
        lambda: registry.failure(RoomHasMoved, "", "", "", ""),
        lambda: registry.lines(Parted)(nothing),
        lambda: registry.to_self(Joined)(nothing),
        lambda: registry.to_siblings(Joined)(lambda *_arguments: b""),
        lambda: registry.service("nickserv")(lambda _session, _text: ()),
        lambda: from_server("JOIN")(lambda *_arguments: ()),
        lambda: capability("batch", ""),
        lambda: token("MONITOR"),
    ],
)
def test_nothing_is_declared_twice(declare):
    with pytest.raises(ValueError, match="is declared twice"):
        declare()


def test_every_module_of_the_folder_is_imported():
    found = {module.removeprefix(f"{features.__name__}.") for module in sys.modules}
    assert set(MODULES) <= found
    assert {"JOIN", "CHGHOST"} <= set(registry.COMMANDS) & set(READERS)
