"""Uploaded files: which are kept, which contents, and what a text links to."""

import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event
from asyncchat.core.features.accounts import AccountMade, DropAccountVerified
from asyncchat.core.features.files import (
    Files,
    FilesRemoved,
    FileUploaded,
    KeepFile,
    RemoveFiles,
    linked_files,
    linked_in_state,
)
from asyncchat.core.features.metadata.api import AccountMetadataChanged, RoomMetadataChanged
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.people import person
from asyncchat.core.permissions import SERVER
from asyncchat.core.replies import AccountFault, AccountRefused, Done
from asyncchat.log.snapshot import snapshot
from tests.core.house import NOW, do, house

A, B, C = ("abcdefghijklmnopqrstuvwxy" + last for last in "z23")
ME = person(7, "anna", "u", "h", account="anna")


def keep(chat, id, hash="d" * 64, size=10):
    return do(chat, SERVER, KeepFile(id, ME, "image/png", size, hash, 2, 3))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("look: https://chat.example/files/" + A + "-20x10/a.png", (A,)),
        (f"/files/{A} /files/{B}-7/x.txt and /files/{A}-2x2/y", (A, B)),
        (f"/files/{A}a", ()),
        (f"/files/{A[:-1]}", ()),
        (f"/files/{A.upper()}", ()),
        (f"files {A}", ()),
        ("", ()),
    ],
)
def test_links_in_a_text(text, ids):
    assert linked_files(text) == ids


@pytest.fixture
def chat() -> Chat:
    """The house, with the account."""
    chat = house()
    chat.apply(AccountMade("anna", "v", NOW))
    return chat


def test_a_file_of_an_account_that_was_removed_meanwhile(chat):
    do(chat, SERVER, DropAccountVerified("anna", verified=True))
    assert keep(chat, A) == (AccountRefused(AccountFault.UNKNOWN, "anna"),)
    assert Files.of(chat).by_id == {}


def test_a_file_is_kept_and_removed(chat):
    made = FileUploaded(A, ME, "image/png", 10, "d" * 64, 2, 3, NOW)
    assert keep(chat, A) == (made, Done())
    file = Files.of(chat).by_id[A]
    assert (file.by, file.type, file.size, file.width, file.time) == (
        "anna!u@h anna",
        "image/png",
        10,
        2,
        NOW,
    )
    assert do(chat, SERVER, RemoveFiles((B, A))) == (FilesRemoved((A,)), Done())
    assert do(chat, SERVER, RemoveFiles((A,))) == (Done(),)
    assert Files.of(chat).by_id == {}


def test_equal_contents_count_once(chat):
    files = Files.of(chat)
    keep(chat, A)
    keep(chat, B)
    keep(chat, C, "e" * 64, 5)
    assert (files.bytes, files.uses) == (15, {"d" * 64: 2, "e" * 64: 1})
    do(chat, SERVER, RemoveFiles((A,)))
    assert files.bytes == 15
    do(chat, SERVER, RemoveFiles((B,)))
    assert (files.bytes, files.uses) == (5, {"e" * 64: 1})


def test_a_snapshot_gives_them_again():
    events: list[Event] = [
        FileUploaded(A, ME, "image/png", 10, "d" * 64, 2, 3, NOW),
        FileUploaded(B, ME, "application/pdf", 10, "d" * 64, 0, 0, NOW),
        FilesRemoved((A,)),
    ]
    chat = Chat.replay(events)
    few = snapshot(events)
    assert len(few) == 1
    assert Chat.replay(few).state() == chat.state()
    assert Files.of(Chat.replay(few)).bytes == 10


def test_topics_and_metadata_link_too():
    chat = house()
    assert linked_in_state(chat) == set()
    chat.apply(TopicChanged("#tea", ME, f"plan: /files/{A}", NOW))
    chat.apply(RoomMetadataChanged("#tea", ME, "avatar", f"https://x/files/{B}-2x2/b.png"))
    chat.apply(AccountMade("anna", "v", NOW))
    chat.apply(AccountMetadataChanged("anna", ME, "avatar", f"https://x/files/{C}-2x2/c.png"))
    assert linked_in_state(chat) == {A, B, C}
