"""The folder of files: what is kept, under which name, and what a crash leaves."""

import hashlib
import os
import stat

import pytest

from asyncchat.server.file_store import FileStore, folder_beside, read_piece


@pytest.fixture
def store(tmp_path):
    return FileStore(folder_beside(tmp_path / "chat.db"))


def kept(store, content):
    incoming = store.receive()
    for at in range(0, len(content), 3):
        incoming.write(content[at : at + 3])
    path = store.keep(incoming)
    store.end(incoming)
    return incoming, path


def test_a_file_is_named_by_its_content(store, tmp_path):
    incoming, path = kept(store, b"hello world")
    assert path == tmp_path / "chat.db-files" / hashlib.sha256(b"hello world").hexdigest()
    assert (path.read_bytes(), incoming.size, incoming.head) == (b"hello world", 11, b"hello world")
    assert read_piece(path, 6, 100) == b"world"
    assert [stat.S_IMODE(os.stat(one).st_mode) for one in (path, path.parent)] == [0o600, 0o700]
    kept(store, b"hello world")
    assert os.listdir(store.folder) == [path.name]


def test_what_does_not_come_whole_leaves_nothing(store):
    incoming = store.receive()
    incoming.write(b"half")
    assert len(os.listdir(store.folder)) == 1
    store.end(incoming)
    assert os.listdir(store.folder) == []


def test_a_thumbnail_goes_with_its_content(store):
    incoming, _ = kept(store, b"picture")
    store.keep_thumbnail(incoming.hash, b"small")
    assert store.thumbnail(incoming.hash).read_bytes() == b"small"
    store.remove(incoming.hash)
    store.remove(incoming.hash)
    assert os.listdir(store.folder) == []


def test_strays_are_what_no_file_has(store):
    known, _ = kept(store, b"known")
    lost, lost_path = kept(store, b"lost")
    store.keep_thumbnail(lost.hash, b"small")
    coming, left = store.receive(), store.receive()
    coming.write(b"a")
    left.write(b"b")
    left_path = left.path
    other = FileStore(store.folder)  # the next run
    (store.folder / "notes.txt").write_text("somebody's own")
    thumbnail = store.thumbnail(lost.hash)
    assert set(store.strays({known.hash}, 3600)) == set()
    assert set(other.strays({known.hash}, 3600)) == {coming.path, left_path}
    for path in (lost_path, thumbnail):
        os.utime(path, (0, 0))
    assert set(store.strays({known.hash}, 3600)) == {lost_path, thumbnail}


def test_a_temporary_folder_goes_with_the_server():
    store = FileStore(None)
    assert list(store.strays((), 0)) == []
    folder = kept(store, b"x")[1].parent
    store.close()
    assert not folder.exists()
