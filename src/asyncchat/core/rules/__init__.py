"""The rules: what becomes of each command. A module for each family, each with a table of its own.

To add a command: its value in ``commands``, a function here in its family's module, a line in that table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core.commands import Command
from asyncchat.core.rules import (
    accounts,
    founding,
    history,
    invitations,
    marks,
    metadata,
    moderation,
    modes,
    operators,
    people,
    questions,
    renaming,
    rooms,
    speech,
    stays,
    tokens,
    watching,
)
from asyncchat.core.rules.overruling import NOTED, noting

if TYPE_CHECKING:
    from asyncchat.core.chat import Rule

_FAMILIES = (
    founding,
    people,
    accounts,
    rooms,
    renaming,
    invitations,
    speech,
    modes,
    moderation,
    history,
    marks,
    metadata,
    operators,
    tokens,
    stays,
    watching,
    questions,
)

RULES: dict[type[Command], Rule] = {
    command: noting(rule) if command in NOTED else rule
    for family in _FAMILIES
    for command, rule in family.RULES.items()
}
ANSWERS = {**questions.ANSWERS, **accounts.ANSWERS, **founding.ANSWERS}
