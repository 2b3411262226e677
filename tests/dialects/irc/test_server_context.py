"""What the IRC sessions of a server share, and that it stays small."""

import gc
from itertools import combinations

from asyncchat.core.events import Record
from asyncchat.core.features.messages import Said
from asyncchat.core.people import person
from asyncchat.dialects.deflate import Deflate
from asyncchat.dialects.irc.capabilities import CAPABILITIES, MESSAGE_TAGS, SERVER_TIME
from asyncchat.dialects.irc.dialect import IrcDialect
from asyncchat.dialects.irc.server_context import IrcContext
from asyncchat.dialects.websocket import WebSocket
from tests.dialects.driver import Hub, server_info


def test_those_with_the_same_capabilities_share_an_encoder():
    irc = IrcContext(server_info())
    assert irc.encoder(SERVER_TIME) is irc.encoder(SERVER_TIME)
    assert irc.encoder(SERVER_TIME) is not irc.encoder(0)


def test_encoders_share_the_heads_of_lines():
    irc = IrcContext(server_info())
    plain, tagged = irc.encoder(0), irc.encoder(MESSAGE_TAGS)
    said = Record(1, 1, Said("#r", person(1, "a", "u", "h"), "hi"))
    assert plain.encode(said) == b":a!u@h PRIVMSG #r :hi\r\n"
    assert tagged.encode(said).endswith(b" :a!u@h PRIVMSG #r :hi\r\n")
    assert plain._heads is tagged._heads
    assert len(plain._heads) == 1


def test_whoever_asks_for_every_mix_leaves_nothing_behind():
    irc = IrcContext(server_info())
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
        for how in (None, Deflate()):
            web.encoder(dialects[0].encoder, 1, how)
        for name in (first, second):
            asker.send(f"CAP REQ :{name}")
    gc.collect()
    assert len(irc._encoders) == 2
    assert len(web._encoders) == 0
    assert irc.encoder(dialects[0].caps_out) is dialects[0].encoder
