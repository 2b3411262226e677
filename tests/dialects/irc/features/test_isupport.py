"""ISUPPORT, draft/extended-isupport, the tokens that an option decides."""

import msgspec

from asyncchat.core.features.opers import OfferRenewed
from asyncchat.dialects.irc.capabilities import renewed_tokens
from tests.dialects.irc.conftest import Server

SERVER = ":irc.test "
BOTH = "batch draft/extended-isupport"


def batched(lines):
    """The lines of a batch of 005, without what makes it one."""
    first, *inner, last = lines
    name, kind = first.removeprefix(SERVER + "BATCH +").split(" ")
    assert kind == "draft/isupport"
    assert last == f"{SERVER}BATCH -{name}"
    assert all(line.startswith(f"@batch={name} {SERVER}005 ") for line in inner)
    return inner


def test_before_the_registration(server):
    peer = server.connect()
    assert peer.send("ISUPPORT") == [SERVER + "451 * :You have not registered"]
    peer.send("CAP REQ :draft/extended-isupport")
    lines = peer.send("ISUPPORT")
    assert all(line.startswith(SERVER + "005 * ") for line in lines)
    assert any(" NETWORK=irc.test " in line for line in lines)
    peer.send("CAP REQ batch")
    batched(peer.send("ISUPPORT"))


def test_all_of_it_comes_in_batches(server):
    peer = server.connect()
    peer.send(f"CAP REQ :{BOTH}", "NICK a", "USER a 0 * :r")
    lines = peer.send("CAP END")
    within = batched(lines[4 : [line.split(" ")[0:2] for line in lines].index([":irc.test", "251"])])
    assert not [line for line in lines if " 005 " in line and not line.startswith("@batch=")]
    assert batched(peer.send("ISUPPORT"))[0].endswith(within[0].partition(" 005 ")[2])
    assert len(batched(peer.send("VERSION")[1:])) == len(within)


def test_without_the_capability_it_comes_unbatched(server):
    a = server.person("a", caps="batch")
    lines = a.send("ISUPPORT")
    assert len(lines) > 1
    assert all(line.startswith(SERVER + "005 a ") for line in lines)
    assert all(len(line.encode()) <= 510 for line in lines)


def test_what_a_reload_changes_is_told():
    """New values, and -NAME of what is gone (Modern IRC, "RPL_ISUPPORT"; extended-isupport, "batch")."""
    server = Server(icon="https://example.org/a")
    a, b, new = server.person("a"), server.person("b", caps=BOTH), server.connect()
    before = server.irc.server
    server.irc.renew(msgspec.structs.replace(before, icon="", client_tag_deny=("typing",)))
    renewed = OfferRenewed(server.irc.offers, renewed_tokens(before, server.irc.server))

    def told(peer):
        return peer.dialect.encode_outcome((renewed,)).decode().splitlines()

    changed = "CLIENTTAGDENY=typing -draft/ICON :are supported by this server"
    assert told(a) == [f"{SERVER}005 a {changed}"]
    (line,) = batched(told(b))
    assert line.endswith(f"005 b {changed}")
    assert told(new) == []


def test_a_network_with_a_name_and_a_picture():
    server = Server(network="A school = us", icon="https://example.org/" + "x" * 180)
    lines = server.person("a" * 32).send("ISUPPORT")
    tokens = " ".join(lines).split(" ")
    assert "NETWORK=A\\x20school\\x20\\x3D\\x20us" in tokens
    assert "draft/ICON=https://example.org/" + "x" * 180 in tokens
    assert all(len(line.encode()) <= 510 for line in lines)
    server.irc.renew(msgspec.structs.replace(server.irc.server, icon=""))
    assert "draft/ICON" not in " ".join(server.person("b").send("ISUPPORT"))
