"""The contents of files in NATS's object store."""

import asyncio
import os

import pytest

from asyncchat.cluster import objects
from asyncchat.cluster.errors import StreamDown
from tests.cluster.streams import api, hasty, leader, opened
from tests.log.records import asynchronous
from tests.server.harness import PATIENCE


async def pieces_of(stream):
    info = await api(stream, f"STREAM.INFO.OBJ_{stream.name}-files", {"subjects_filter": ">"})
    return sorted(subject.split(".")[2] for subject in info["state"].get("subjects") or {})


@asynchronous
async def test_a_content_comes_as_it_went(nats_url, name, tmp_path):
    whole = os.urandom(300_001)
    (tmp_path / "sent").write_bytes(whole)
    async with opened(nats_url, name) as one, opened(nats_url, name) as two:
        assert not await two.contents.get("a", tmp_path / "none")
        assert await two.contents.names() == set()
        await two.contents.remove("a")
        await one.contents.put("a", tmp_path / "sent")
        assert await two.contents.get("a", tmp_path / "came")
        assert (tmp_path / "came").read_bytes() == whole
        assert (tmp_path / "came").stat().st_mode & 0o777 == 0o600
        (tmp_path / "other").write_bytes(b"other")
        await two.contents.put("a", tmp_path / "other")  # it is there
        await two.contents.put("a.thumb", tmp_path / "other")
        assert await one.contents.names() == {"a", "a.thumb"}
        assert await one.contents.get("a", tmp_path / "came")
        assert (tmp_path / "came").read_bytes() == whole
        await one.contents.remove("a")
        await one.contents.remove("a")
        assert not await two.contents.get("a", tmp_path / "came")
        assert await pieces_of(one) == ["C", "M"]


@asynchronous
async def test_what_belongs_to_nothing_is_removed_when_it_is_old(nats_url, name, tmp_path):
    (tmp_path / "sent").write_bytes(b"content")
    async with opened(nats_url, name) as stream:
        contents = stream.contents
        for one in ("known", "stray"):
            await contents.put(one, tmp_path / "sent")
        await stream._connection.ask(f"$O.{name}-files.C.interrupted", b"a piece")
        assert await contents.remove_strays({"known"}, 3600) == 0
        assert await pieces_of(stream) == ["C"] * 3 + ["M"] * 2
        assert await contents.remove_strays({"known"}, -1) == 2
        assert await contents.names() == {"known"}
        assert await pieces_of(stream) == ["C", "M"]
        assert await contents.get("known", tmp_path / "came")


@asynchronous
async def test_contents_of_a_stream_before_this_one_are_given_and_no_strays(nats_url, name, tmp_path):
    (tmp_path / "sent").write_bytes(b"content")
    async with opened(nats_url, name) as before:
        await before.contents.put("a", tmp_path / "sent")
        await api(before, f"STREAM.DELETE.{name}")
    async with opened(nats_url, name) as stream:
        assert await stream.contents.remove_strays((), -1) == 0
        assert await stream.contents.get("a", tmp_path / "came")
        assert await stream.contents.remove_strays((), -1, of_all_epochs=True) == 1
        assert await stream.contents.names() == set()


@asynchronous
async def test_what_nats_does_not_do_is_told(server, name, tmp_path, monkeypatch):
    (tmp_path / "sent").write_bytes(b"content")
    async with opened(server.url, name) as stream:
        await stream.contents.put("a", tmp_path / "sent")
        monkeypatch.setattr(objects, "_SILENCE_SECONDS", 0.3)
        server.freeze()
        with hasty(stream):
            for doing in (
                stream.contents.put("b", tmp_path / "sent"),
                stream.contents.get("a", tmp_path / "came"),
                stream.contents.remove("a"),
                stream.contents.names(),
            ):
                with pytest.raises(StreamDown):
                    await doing
        server.thaw()


@asynchronous
async def test_a_content_waits_for_a_leader_of_nats(cluster, name, tmp_path):
    (tmp_path / "sent").write_bytes(b"content")
    # NATS elects one in 4 to 9 s, and needs more where two of its servers stand at the same moment.
    async with opened(cluster.url, name, replicas=3, patience=PATIENCE) as stream:
        await stream.contents.put("a", tmp_path / "sent")
        connected = stream._connection._client._server_info["server_name"]
        leading = await leader(stream, f"OBJ_{name}-files")
        if leading == connected:
            await api(stream, f"STREAM.LEADER.STEPDOWN.OBJ_{name}-files")
            leading = await leader(stream, f"OBJ_{name}-files", connected)
        next(one for one in cluster.servers if one.name == leading).kill()
        await stream.contents.put("b", tmp_path / "sent")
        assert await stream.contents.get("b", tmp_path / "came")


@asynchronous
async def test_one_that_can_t_be_read_or_written_is_no_fault_of_nats(nats_url, name, tmp_path):
    (tmp_path / "sent").write_bytes(b"content")
    async with opened(nats_url, name) as stream:
        with pytest.raises(FileNotFoundError):
            await stream.contents.put("a", tmp_path / "none")
        await stream.contents.put("a", tmp_path / "sent")
        with pytest.raises(FileNotFoundError):
            await stream.contents.get("a", tmp_path / "no folder" / "came")
        await asyncio.gather(*(stream.contents.get("a", tmp_path / f"{at}") for at in range(5)))
