"""Who is told unasked what was said before: not bots, and no accounts that do not want it.

Owns the accounts' choice. Must not know what is told.
"""

from collections.abc import Iterator

from asyncchat.core.chat import Chat, Part
from asyncchat.core.commands import Command
from asyncchat.core.events import Event, Untold
from asyncchat.core.modes import BOT
from asyncchat.core.names import fold
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, applies, for_people
from asyncchat.core.replies import AccountFault, AccountRefused, Reply


class AutoreplayOff(Part, set[str]):
    """The keys of the accounts that are told nothing unasked."""

    def forget_account(self, account: str) -> None:
        """Forgets the choice of a removed account."""
        self.discard(account)

    def state(self) -> object:
        """This part as plain data: equal in equal chats."""
        return set(self)

    def facts(self, chat: Chat) -> Iterator[Event]:
        """The fewest events that restore this part."""
        for key in self:
            yield AutoreplayChanged(chat.accounts[key].name, False)


class SetAutoreplay(Command, frozen=True):
    """Have the own account told what was said before, or no longer; None: only ask whether it is."""

    on: bool | None = None
    context: object = None


class AutoreplayChanged(Untold, frozen=True, tag="autoreplay"):
    """An account is told unasked what was said before from now on, or no longer."""

    account: str
    on: bool


class AutoreplayStatus(Reply, frozen=True):
    """Whether the requester's account is told unasked what was said before."""

    account: str
    on: bool
    context: object = None


def wants_autoreplay(chat: Chat, person_id: int) -> bool:
    """Whether a person is told unasked what was said before."""
    me = chat.people.get(person_id)
    if me is None or chat.has(person_id, BOT):
        return False
    return not me.account or fold(me.account) not in AutoreplayOff.of(chat)


@for_people(SetAutoreplay)
def set_autoreplay(chat: Chat, me: Person, command: SetAutoreplay, _now: int) -> Items:
    """Keeps what the requester's account wants, or tells it."""
    account = chat.accounts.get(fold(me.account)) if me.account else None
    if account is None:
        return (AccountRefused(AccountFault.LOGGED_OUT, context=command.context),)
    before = fold(account.name) not in AutoreplayOff.of(chat)
    on = before if command.on is None else command.on
    changed = () if on == before else (AutoreplayChanged(account.name, on),)
    return (*changed, AutoreplayStatus(account.name, on, command.context))


@applies(AutoreplayChanged)
def _autoreplay_changed(chat: Chat, event: AutoreplayChanged) -> None:
    off = AutoreplayOff.of(chat)
    if event.on:
        off.discard(fold(event.account))
    elif fold(event.account) in chat.accounts:
        off.add(fold(event.account))
