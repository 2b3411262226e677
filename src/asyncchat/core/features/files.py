"""Files that people uploaded: which there are, and how a text refers to one.

Owns the facts of uploads and the form of a link. A message has the link in its text, and the name of the file
is only there: so an erasure leaves no copy of it. Must not know where contents are kept.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command
from asyncchat.core.events import Untold
from asyncchat.core.features.metadata.state import Metadata
from asyncchat.core.forgotten import Identity
from asyncchat.core.names import fold
from asyncchat.core.people import Person, author, from_origin
from asyncchat.core.registry import Items, applies, handles
from asyncchat.core.replies import AccountFault, AccountRefused, Done

FILES_PATH: Final = "/files/"
"""Begins the path of each file, behind the address of a server."""

ID_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"

ID_LENGTH: Final = 26
"""Letters of an id: 130 random bits, which nobody guesses."""

_LINK = re.compile(rf"{FILES_PATH}([{ID_LETTERS}]{{{ID_LENGTH}}})(?![{ID_LETTERS}])")


def linked_files(text: str) -> tuple[str, ...]:
    """The ids of files to which a text has links, each once; there need not be such files."""
    return tuple(dict.fromkeys(_LINK.findall(text))) if FILES_PATH in text else ()


class StoredFile(msgspec.Struct, frozen=True):
    """A file that somebody uploaded.

    ``id`` names it in links. It is made at random for each upload: whoever knows the content must not be able
    to ask whether somebody else has uploaded it, or to read it where only the members of a room should.
    ``hash`` is the SHA-256 of the content, in hexadecimal; equal contents are kept once. ``by`` is who
    uploaded it, as ``author`` gives it; ``type`` its media type, which was found in the content; ``size`` its
    bytes. ``width`` and ``height`` are those of an image in pixels, 0 if they are not known. ``time`` is in
    microseconds since 1970 UTC.
    """

    id: str
    by: str
    type: str
    size: int
    hash: str
    width: int
    height: int
    time: int


class KeepFile(Command, frozen=True):
    """Keep a file that was uploaded by a person; the server has stored its content."""

    id: str
    person: Person
    type: str
    size: int
    hash: str
    width: int = 0
    height: int = 0


class RemoveFiles(Command, frozen=True):
    """Remove files that nothing refers to; their contents are removed afterwards."""

    ids: tuple[str, ...]


class FileUploaded(Untold, frozen=True, tag="file"):
    """Somebody has uploaded a file; the fields are those of ``StoredFile``."""

    id: str
    person: Person
    type: str
    size: int
    hash: str
    width: int
    height: int
    time: int


class FilesRemoved(Untold, frozen=True, tag="files_removed"):
    """Files are no longer kept."""

    ids: tuple[str, ...]


class Files(Part):
    """The files that are kept."""

    def __init__(self) -> None:
        self.by_id: dict[str, StoredFile] = {}
        """In the order in which they were uploaded."""
        self.uses: Counter[str] = Counter()
        """How many files have a content, by its hash."""
        self.bytes = 0
        """The size of all contents."""

    def add(self, file: StoredFile) -> None:
        """A file is kept from now on."""
        self.remove(file.id)
        self.by_id[file.id] = file
        self.uses[file.hash] += 1
        if self.uses[file.hash] == 1:
            self.bytes += file.size

    def remove(self, id: str) -> None:
        """A file is kept no more; nothing happens if it was not."""
        file = self.by_id.pop(id, None)
        if file is None:
            return
        self.uses[file.hash] -= 1
        if not self.uses[file.hash]:
            del self.uses[file.hash]
            self.bytes -= file.size

    def forget(self, who: Identity) -> None:
        """Files that are still kept are nobody's."""
        for id, file in self.by_id.items():
            self.by_id[id] = msgspec.structs.replace(file, by=who.replaced(file.by))

    def state(self) -> object:
        """What is equal in equal chats, as plain data."""
        return dict(self.by_id)

    def facts(self, _chat: Chat) -> Iterator[FileUploaded]:
        """Few events that give this part again."""
        for file in self.by_id.values():
            yield FileUploaded(
                file.id,
                from_origin(file.by),
                file.type,
                file.size,
                file.hash,
                file.width,
                file.height,
                file.time,
            )


def linked_in_state(chat: Chat) -> set[str]:
    """The files to which topics and metadata have links. The history may have lost what set them."""
    found: set[str] = set()
    for room in chat.rooms.values():
        if room.topic is not None:
            found.update(linked_files(room.topic.text))
        for text in room.metadata.values():
            found.update(linked_files(text))
    for values in Metadata.of(chat).accounts.values():
        for text in values.values():
            found.update(linked_files(text))
    return found


@handles(KeepFile)
def keep_file(chat: Chat, _person_id: int, command: KeepFile, now: int) -> Items:
    """Keeps a file, for the server itself, which has asked who may upload and how much.

    While it came, its account may have been removed, and the person forgotten.
    """
    asked = command
    if asked.person.account and fold(asked.person.account) not in chat.accounts:
        return (AccountRefused(AccountFault.UNKNOWN, asked.person.account),)
    return (
        FileUploaded(
            asked.id, asked.person, asked.type, asked.size, asked.hash, asked.width, asked.height, now
        ),
        Done(),
    )


@handles(RemoveFiles)
def remove_files(chat: Chat, _person_id: int, command: RemoveFiles, _now: int) -> Items:
    """Removes those of these files that there are, for the server itself."""
    kept = Files.of(chat).by_id
    ids = tuple(id for id in command.ids if id in kept)
    return (FilesRemoved(ids), Done()) if ids else (Done(),)


@applies(FileUploaded)
def _file_uploaded(chat: Chat, event: FileUploaded) -> None:
    Files.of(chat).add(
        StoredFile(
            event.id,
            author(event.person),
            event.type,
            event.size,
            event.hash,
            event.width,
            event.height,
            event.time,
        )
    )


@applies(FilesRemoved)
def _files_removed(chat: Chat, event: FilesRemoved) -> None:
    files = Files.of(chat)
    for id in event.ids:
        files.remove(id)
