"""Requests of the control socket and their results.

Values only; ``operations`` has what is done for each.
"""

from typing import ClassVar

import msgspec


class Request(msgspec.Struct, frozen=True, tag_field="do", forbid_unknown_fields=True):
    """A request of the user who runs the server.

    ``begins`` tells whether it creates a history if there is none yet.
    """

    begins: ClassVar[bool] = False


class OfName(Request, frozen=True):
    """A request about the token or account of this name."""

    name: str


class OfAccount(OfName, frozen=True):
    """A request about an account and its password."""

    password: str


class Result(msgspec.Struct, frozen=True):
    """The result of a request that is not refused."""


class Done(Result, frozen=True):
    """The request was carried out."""


class GetStatus(Request, frozen=True, tag="status"):
    """Asks how the server is."""


class Status(Result, frozen=True):
    """How the server is; ``running`` is false if no server has the history."""

    version: str
    running: bool
    people: int
    rooms: int


class GetCluster(Request, frozen=True, tag="cluster"):
    """Asks for the nodes of the cluster of which the server is one."""


class NodeRow(msgspec.Struct, frozen=True):
    """A node of a cluster.

    Attributes:
        name: its name.
        hub: whether it is the hub.
        sessions: how many clients it serves.
        last: the number of the last record that it has told them.
        silent: seconds since it was heard.
        version: its version of asyncchat.
        equal: whether it has the same chat as the others; None: that was not compared.
    """

    name: str
    hub: bool
    sessions: int
    last: int
    silent: float
    version: str = ""
    equal: bool | None = None


class ClusterStatus(Result, frozen=True):
    """The nodes of a cluster; ``level``: that in force.

    Of the node that is asked: ``connected``, whether it is connected to NATS; ``read_only``, whether what its
    people say is refused, because it can't be kept.

    The command that asks may be of another version than the server: fields have defaults.
    """

    stream: str
    term: int
    connected: bool
    nodes: tuple[NodeRow, ...]
    level: int = 0
    read_only: bool = False


class Drain(Request, frozen=True, tag="drain"):
    """Takes the node out of service, in so many seconds; asked again, it tells how far that is."""

    seconds: float


class Drained(Result, frozen=True):
    """How many clients are still connected; ``running`` is false if no server has the history."""

    left: int
    running: bool


class Upgrade(Request, frozen=True, tag="upgrade"):
    """Has a new process, of the program as it is now, take over from the server's."""


class Upgraded(Result, frozen=True):
    """It has; ``process`` is its number. 0: workers are started anew, one after another."""

    process: int


class AddToken(OfName, frozen=True, tag="token add"):
    """Adds a token; only the digest of its secret is sent and kept."""

    begins: ClassVar[bool] = True
    digest: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]


class GetTokens(Request, frozen=True, tag="token list"):
    """Asks for the tokens."""


class TokenRow(msgspec.Struct, frozen=True):
    """One token; ``time`` is when it was made, in microseconds since 1970 UTC."""

    name: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]
    time: int


class TokenRows(Result, frozen=True):
    """All tokens, by name."""

    tokens: tuple[TokenRow, ...]


class RevokeToken(OfName, frozen=True, tag="token revoke"):
    """Revokes a token."""


class NewInviteCode(Request, frozen=True, tag="invite new"):
    """Makes an invitation code; only its digest is sent and kept. ``seconds`` is how long it is valid."""

    begins: ClassVar[bool] = True
    room: str
    digest: str
    uses: int
    seconds: int
    role: str = ""


class InviteCodeMade(Result, frozen=True):
    """The code was made; ``expires`` in microseconds since 1970 UTC, ``page``: its address, if known."""

    number: int
    room: str
    expires: int
    page: str


class GetInviteCodes(Request, frozen=True, tag="invite list"):
    """Asks for the invitation codes of all rooms, or of one."""

    room: str = ""


class InviteCodeRow(msgspec.Struct, frozen=True):
    """One invitation code; ``expires`` in microseconds since 1970 UTC.

    ``state`` is empty, or why it lets nobody in.
    """

    number: int
    room: str
    uses: int
    used: int
    expires: int
    role: str
    by: str
    state: str


class InviteCodeRows(Result, frozen=True):
    """All invitation codes, by room and number."""

    codes: tuple[InviteCodeRow, ...]


class RevokeInviteCode(Request, frozen=True, tag="invite revoke"):
    """Revokes an invitation code."""

    number: int


class AddAccount(OfAccount, frozen=True, tag="account add"):
    """Registers an account."""

    begins: ClassVar[bool] = True


class ChangeAccountPassword(OfAccount, frozen=True, tag="account password"):
    """Changes the password of an account."""


class DropAccount(OfName, frozen=True, tag="account remove"):
    """Removes an account."""


class GetAccounts(Request, frozen=True, tag="account list"):
    """Asks for the accounts."""


class AccountLine(msgspec.Struct, frozen=True):
    """One account; ``made`` in microseconds since 1970 UTC, ``online``: somebody is logged in to it."""

    name: str
    made: int
    email: str
    online: bool


class AccountList(Result, frozen=True):
    """All accounts, by name."""

    accounts: tuple[AccountLine, ...]


class GetDevices(OfName, frozen=True, tag="account devices"):
    """Asks for the devices that stay signed in to an account."""


class DeviceLine(msgspec.Struct, frozen=True):
    """One device; times in microseconds since 1970 UTC."""

    id: str
    label: str
    made: int
    used: int


class DeviceList(Result, frozen=True):
    """The devices of an account, the one used last first."""

    devices: tuple[DeviceLine, ...]


class SignOutDevices(OfName, frozen=True, tag="account sign out"):
    """Signs a device of an account out, or all of them (``*``)."""

    device: str


class GetTraces(OfName, frozen=True, tag="traces"):
    """Asks what there is to erase of a person."""


class TracesFound(Result, frozen=True):
    """What a person left: how many messages, reactions and the like, and files; whether it has an account.

    ``bans`` are the masks that name it, which stay: each with the room before it, or alone for the server's.
    ``names`` are others that the account had, ``namesakes`` other accounts that had the name. ``is_clean``:
    no copies are left in the free space of the history's file.
    """

    messages: int
    others: int
    files: int
    account: bool
    bans: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    namesakes: tuple[str, ...] = ()
    is_clean: bool = True


class Forget(OfName, frozen=True, tag="forget"):
    """Erases everything that a person left; ``vacuum``: the file is written anew afterwards.

    Its result is what was found, ``TracesFound``.
    """

    vacuum: bool = False


class GetFiles(Request, frozen=True, tag="files"):
    """Asks for the files that people uploaded."""


class FileRow(msgspec.Struct, frozen=True):
    """One file; ``by`` is who uploaded it, ``time`` when, in microseconds since 1970 UTC."""

    id: str
    by: str
    type: str
    size: int
    time: int


class FileRows(Result, frozen=True):
    """All files, in the order in which they were uploaded."""

    files: tuple[FileRow, ...]
