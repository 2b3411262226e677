"""What the IRC sessions of a server share, and that it stays small."""

import gc
from itertools import combinations

from asyncchat.core.events import Record, Said
from asyncchat.core.people import person
from asyncchat.dialects.irc.capabilities import CAPABILITIES, MESSAGE_TAGS, SERVER_TIME
from asyncchat.dialects.irc.dialect import IrcDialect
from asyncchat.dialects.irc.shared import Irc
from asyncchat.dialects.websocket import WebSocket
from tests.dialects.driver import Hub, server_info


def test_those_with_the_same_capabilities_share_a_variant():
    irc = Irc(server_info())
    assert irc.variant(SERVER_TIME) is irc.variant(SERVER_TIME)
    assert irc.variant(SERVER_TIME) is not irc.variant(0)


def test_variants_share_the_heads_of_lines():
    irc = Irc(server_info())
    plain, tagged = irc.variant(0), irc.variant(MESSAGE_TAGS)
    said = Record(1, 1, Said("#r", person(1, "a", "u", "h"), "hi"))
    assert plain.encode(said) == b":a!u@h PRIVMSG #r :hi\r\n"
    assert tagged.encode(said).endswith(b" :a!u@h PRIVMSG #r :hi\r\n")
    assert plain._heads is tagged._heads
    assert len(plain._heads) == 1


def test_whoever_asks_for_every_mix_leaves_nothing_behind():
    irc = Irc(server_info())
    web = WebSocket(irc)
    hub = Hub()
    dialects: list[IrcDialect] = []

    def made(id):
        dialects.append(irc.dialect(id, "192.0.2.1"))
        return dialects[-1]

    asker, _other = hub.join(made), hub.join(made)
    names = [capability.name for capability in CAPABILITIES if capability.changes]
    for name in names:
        asker.send(f"CAP REQ :{name}")
    for first, second in combinations(names, 2):
        for name in (first, second):
            asker.send(f"CAP REQ :-{name}")
        web.variant(dialects[0].variant, 1)
        for name in (first, second):
            asker.send(f"CAP REQ :{name}")
    gc.collect()
    assert len(irc._variants) == 2
    assert len(web._variants) == 0
    assert irc.variant(dialects[0].held) is dialects[0].variant
