"""What the menus offer to whom."""

from datetime import UTC, datetime

import pytest

from asyncchat.client.events import Message
from asyncchat.client.slash_commands import COMMANDS
from asyncchat.tui.actions import Standing, message_actions, person_actions, room_actions
from asyncchat.tui.conversation import Conversation, Said

TEA = Conversation("#tea")
PREFIXES = {"olga": "@", "half": "%", "vera": "+", "fred": "~@"}


def said(nick: str, *, own: bool = False) -> Said:
    return Said(Message("e-1", datetime(2026, 1, 1, tzinfo=UTC), "#tea", nick, "text", own))


@pytest.mark.parametrize(
    ("nick", "of", "may"),
    [
        ("bob", "anna", False),
        ("vera", "anna", False),
        ("half", "anna", True),
        ("half", "vera", True),
        ("half", "olga", False),
        ("olga", "half", True),
        ("olga", "fred", False),
        ("fred", "olga", True),
        ("OLGA", "olga", False),
    ],
)
def test_only_those_with_a_role_moderate_those_below(nick, of, may):
    standing = Standing(nick, PREFIXES)
    assert standing.outranks(of) is may
    labels = [action.label for action in person_actions(TEA, of, standing, False)]
    assert ("Kick…" in labels) is may
    assert ("Remove…" in [a.label for a in message_actions(TEA, said(of), standing)]) is may


def test_own_messages_can_be_changed_and_others_not():
    standing = Standing("anna", {})
    assert {"Edit", "Take back…"} <= {a.label for a in message_actions(TEA, said("anna", own=True), standing)}
    assert not {"Edit", "Pin", "Remove…"} & {a.label for a in message_actions(TEA, said("bob"), standing)}
    gone = said("anna", own=True)
    gone.redacted = "anna"
    assert message_actions(TEA, gone, standing) == []


def test_what_can_not_be_undone_is_asked_about_first():
    standing = Standing("olga", PREFIXES)
    actions = [
        *person_actions(TEA, "anna", standing, False),
        *message_actions(TEA, said("anna"), standing),
        *message_actions(TEA, said("olga", own=True), standing),
    ]
    asked = {action.label: action.question for action in actions if action.question}
    assert asked == {
        "Kick…": "Kick anna",
        "Ban…": "Ban anna",
        "Remove…": "Remove: text",
        "Take back…": "Take back: text",
    }


@pytest.mark.parametrize("nick", ["bob", "half", "olga", "fred"])
def test_each_line_is_a_slash_command(nick):
    standing = Standing(nick, PREFIXES)
    actions = [
        *person_actions(TEA, "anna", standing, False),
        *person_actions(TEA, "vera", standing, True),
        *message_actions(TEA, said("anna"), standing),
        *room_actions(TEA, standing),
    ]
    lines = [action.line for action in actions if not action.does and not action.line.startswith("anna:")]
    lines = [line for line in lines if not line.startswith("vera:")]
    assert lines
    assert [line for line in lines if line[1:].split()[0] not in COMMANDS] == []
    keys = [action.key for action in room_actions(TEA, standing) if action.key]
    assert len(keys) == len(set(keys))
