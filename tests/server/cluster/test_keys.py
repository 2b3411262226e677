"""What a server keeps beside its history is the same on all nodes."""

import asyncio
from urllib.parse import urlsplit

import pytest

from asyncchat.log.base import LogError
from asyncchat.log.memory import MemoryLog
from asyncchat.server.cluster.keys import share_keys
from asyncchat.server.push_encryption import ServerKey
from tests.cluster.conftest import nats_url  # noqa: F401  # a fixture
from tests.cluster.streams import opened
from tests.server.cluster.test_leader import asked
from tests.server.harness import serving
from tests.server.http.test_files import link_of, upload

SUFFIXES = (".cloak", ".owner", ".push", ".secret")


def kept(folder, name):
    return {one: (folder / f"{name}{one}").read_text() for one in SUFFIXES}


def test_the_first_nodes_keys_are_everybodys_and_others_are_kept_aside(nodes, tmp_path):
    nodes.add()
    first = kept(tmp_path, "n1.db")
    own = dict.fromkeys(SUFFIXES, "ab" * 32 + "\n")
    for suffix, text in own.items():
        (tmp_path / f"n2.db{suffix}").write_text(text)
    (tmp_path / "n2.db.secret.old1").write_text("older\n")
    nodes.add()
    assert kept(tmp_path, "n2.db") == first
    nodes.add()
    assert kept(tmp_path, "n3.db") == first
    for suffix, text in own.items():
        number = 2 if suffix == ".secret" else 1
        assert (tmp_path / f"n2.db{suffix}.old{number}").read_text() == text
    assert (tmp_path / "n2.db.secret.old1").read_text() == "older\n"
    assert not list(tmp_path.glob("n[13].db.*.old*"))
    for suffix in SUFFIXES:
        assert (tmp_path / f"n2.db{suffix}").stat().st_mode & 0o777 == 0o600


def test_cloaks_and_the_key_of_pushes_are_the_same_on_each_node(nodes):
    keys = [node.server.keys for node in (nodes.add(), nodes.add())]
    one, two = ((key.cloaks, key.accounts, key.pushes, key.links) for key in keys)
    assert one == two
    assert ServerKey(keys[0].pushes).public == ServerKey(keys[1].pushes).public
    assert keys[0].admission != keys[1].admission


def test_a_sessions_link_for_uploads_is_taken_on_another_node(nodes):
    one, two = nodes.add(), nodes.add()
    link = link_of(one.irc("anna"))
    two.irc("ben")  # this node has folded that anna is there
    status, told = upload(two, b"some text\n", "a.txt", urlsplit(link).path, Authorization="")
    assert (status, told["name"]) == (201, "a.txt")


def test_what_is_no_key_of_a_cluster_is_refused(nats_url, tmp_path):  # noqa: F811
    async def run():
        async with opened(nats_url, "damaged-keys") as stream:
            await stream.values.put("keys", b'{".cloak": ""}')
            with pytest.raises(LogError, match="keys of this cluster in NATS are not valid"):
                await share_keys(stream, tmp_path / "a.db")

    asyncio.run(run())
    assert not list(tmp_path.iterdir())


def test_cloaks_hide_whom_a_server_without_them_has_kept(nodes):
    log = MemoryLog()
    with serving(log, cloak=False) as server:
        anna = server.irc("anna")
        asked(anna, "NS REGISTER hunter2secret")
        asked(anna, "NS SET ALWAYSON ON")
        assert "127.0.0.1" in asked(anna, "WHOIS anna")
    ben = nodes.add(log).irc("ben")
    assert " 311 ben anna anna localhost " in asked(ben, "WHOIS anna")
