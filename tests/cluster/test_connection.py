"""The connection to NATS: who may come in, TLS, and servers that do not fit."""

import asyncio
import json
import ssl
from contextlib import aclosing, contextmanager
from pathlib import Path

import pytest

pytest.importorskip("nats", reason="needs nats-py: pip install asyncchat[cluster]")

from asyncchat.cluster import connection
from asyncchat.cluster.errors import StreamDown
from asyncchat.cluster.stream import Stream
from asyncchat.errors import Misuse
from asyncchat.log.base import LogError
from asyncchat.server.tls import self_signed
from tests.cluster.nats import NatsServer
from tests.cluster.streams import batches, fill, opened, take
from tests.log.records import asynchronous
from tests.server.harness import PATIENCE

CLUSTER = Path(__file__).parents[2] / "docs" / "cluster.md"


@contextmanager
def running(folder, **options):
    server = NatsServer(folder, **options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def with_user(server, user):
    return server.url.replace("//", f"//{user}@")


@pytest.mark.parametrize(
    ("authorization", "right", "wrong"),
    [
        ("user: anna, password: secret", "anna:secret", "anna:wrong"),
        ("user: anna, password: secret", "anna:secret", ""),
        ("token: secret", "secret", "wrong"),
        ("user: 'a/b', password: 'secret @:/?#%ü'", "a%2Fb:secret%20%40:%2F%3F%23%25%C3%BC", "a%2Fb:wrong"),
        ("token: 'secret/@'", "secret%2F%40", "wrong"),
    ],
)
@asynchronous
async def test_only_who_has_the_password_comes_in(tmp_path, authorization, right, wrong):
    with running(tmp_path, more=f"authorization {{ {authorization} }}") as server:
        async with opened(with_user(server, right)) as stream:
            assert stream.connected
        with pytest.raises(LogError, match=r"can't be used: it does not take the user") as raised:
            await Stream.open(with_user(server, wrong) if wrong else server.url)
        assert "secret" not in str(raised.value)
        assert not isinstance(raised.value, StreamDown)


@asynchronous
async def test_who_is_refused_leaves_no_connection_open(tmp_path, monkeypatch):
    """Also where it gives up while nats-py closes the one that was refused."""
    clients = []
    flush = connection._Client._flush_pending

    async def late(client):
        clients.append(client)
        await asyncio.sleep(0.1)
        await flush(client)

    monkeypatch.setattr(connection._Client, "_flush_pending", late)
    with running(tmp_path, more="authorization { token: secret }") as server:
        with pytest.raises(LogError, match="does not take the user"):
            await Stream.open(with_user(server, "wrong"))
        assert clients[0]._transport._io_writer.transport.is_closing()


@asynchronous
async def test_tls(tmp_path):
    pytest.importorskip("cryptography")
    pem = tmp_path / "server.pem"
    pem.write_text(self_signed(["127.0.0.1"]))
    trusting = ssl.create_default_context(cafile=pem)
    with running(tmp_path, more=f"tls {{ cert_file: '{pem}', key_file: '{pem}' }}") as server:
        url = server.url.replace("nats:", "tls:")
        async with opened(url, tls=trusting) as stream:
            assert stream.connected
        with pytest.raises(LogError, match="certificate verify failed"):
            await Stream.open(url)


ALLOWED = (
    '["asyncchat.>", "$O.asyncchat-snapshot.>", "$O.asyncchat-files.>", "$KV.asyncchat-shared.>", '
    '"$JS.API.>", "$JS.FC.>", "_INBOX.>"]'
)
"""The subjects of docs/cluster.md."""


@asynchronous
async def test_a_user_needs_few_subjects(tmp_path, caplog):
    permissions = f"permissions: {{ publish: {ALLOWED}, subscribe: {ALLOWED} }}"
    user = f"users: [{{ user: anna, password: secret, {permissions} }}]"
    file = tmp_path / "snapshot"
    file.write_bytes(b"x")
    with running(tmp_path, more=f"authorization {{ {user} }}") as server:
        async with opened(with_user(server, "anna:secret"), "asyncchat") as stream:
            await fill(stream, 2)
            async with aclosing(stream.follow(0)) as messages:
                assert await take(messages, 2) == batches(1, 2)
            asked: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue()
            await stream.subscribe("hub", lambda data, reply: asked.put_nowait((data, reply)))
            asking = asyncio.ensure_future(stream.request("hub", b"?", PATIENCE))
            await stream.reply((await asked.get())[1], b"!")
            assert await asking == b"!"
            await stream.cut(2)
            await stream.put_snapshot(1, file)
            assert await stream.get_snapshot(tmp_path / "read") == 1
            await stream.contents.put("a", file)
            assert await stream.contents.get("a", tmp_path / "read")
            await stream.contents.remove("a")
            assert await stream.values.agree("a", b"value") == b"value"
    assert "does not allow" not in caplog.text
    for subject in json.loads(ALLOWED):
        assert subject in CLUSTER.read_text("utf-8")


@asynchronous
async def test_a_user_who_may_not_do_what_is_needed_is_told_once(tmp_path, caplog):
    user = "users: [{ user: anna, password: secret, permissions: { publish: [x], subscribe: [_INBOX.>] } }]"
    with running(tmp_path, more=f"authorization {{ {user} }}") as server:
        with pytest.raises(
            StreamDown, match=r'gives no answer, .*: permissions violation .*"\$js\.api\.'
        ) as raised:
            await Stream.open(with_user(server, "anna:secret"), "asyncchat", patience=2.5)
        assert "secret" not in str(raised.value)
    told = [record.getMessage() for record in caplog.records if "does not allow" in record.getMessage()]
    assert len([text for text in told if "a subject that is needed" in text]) == 1


@asynchronous
async def test_a_password_is_never_sent_in_the_clear_where_tls_is_asked_for(nats_url):
    url = nats_url.replace("nats://", "tls://anna:secret@")
    with pytest.raises(LogError, match="the URL asks for TLS, and the server does not"):
        await Stream.open(url)


@asynchronous
async def test_a_server_without_jetstream(tmp_path):
    with (
        running(tmp_path, jetstream=False) as server,
        pytest.raises(StreamDown, match=r"no JetStream .*nats-server --jetstream"),
    ):
        await Stream.open(server.url, patience=2.0)


@asynchronous
async def test_a_server_that_takes_only_small_messages(tmp_path):
    with (
        running(tmp_path, more="max_payload: 524288") as server,
        pytest.raises(LogError, match="takes only 524288 bytes in a message: set max_payload"),
    ):
        await Stream.open(server.url)


@pytest.mark.parametrize("url", ["", " , ", "nats://127.0.0.1:x", "nats://", "http://127.0.0.1"])
@asynchronous
async def test_what_is_no_address_is_misuse(url):
    with pytest.raises(Misuse, match="nats://host:port"):
        await Stream.open(url)


@asynchronous
async def test_an_error_of_a_subscriber_ends_nothing(nats_url, name, caplog):
    async with opened(nats_url, name) as stream:
        heard = asyncio.Event()

        def take(data, reply):
            if data == b"bad":
                raise ValueError("bad")
            heard.set()

        await stream.subscribe("news", take)
        await stream.send("news", b"bad")
        await stream.send("news", b"good")
        await heard.wait()
    (record,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert record.getMessage() == "A message from NATS can't be taken"
    assert record.exc_info
