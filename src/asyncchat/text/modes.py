"""What a person reads of modes: a sentence for each flag, setting, list and role, on and off.

Owns the wording over the tables of ``core.modes``; a test walks them and misses what is missing.
"""

from asyncchat.core import modes

RULE_WORDS = {
    modes.NO_OUTSIDERS: ("only members may speak here", "anyone may speak here, members or not"),
    modes.TOPIC_LOCKED: ("only operators may set the topic", "everyone may set the topic"),
    modes.MODERATED: ("only members with a role may speak", "every member may speak"),
    modes.OP_MODERATED: (
        "operators alone read what members without a role say",
        "everyone reads what members say",
    ),
    modes.INVITE_ONLY: ("only the invited may join", "one may join without an invitation"),
    modes.SECRET: ("outsiders do not learn of this room", "this room is in the list of rooms"),
    modes.NO_COLOUR: ("texts with colours are refused", "texts may have colours"),
    modes.NO_CTCP: ("programs may not question programs here", "programs may question programs here"),
    modes.AUDITORIUM: ("members see only who keeps order here", "members see each other"),
    modes.ACCOUNTS_ONLY: ("only who is logged in may join", "one may join without an account"),
    modes.ACCOUNTS_SPEAK: ("only who is logged in may speak", "one may speak without an account"),
    modes.NO_KNOCK: ("nobody may ask to be invited", "one may ask to be invited"),
}
"""What each rule of a room says when it is on, and when it is off."""

SETTING_WORDS = {
    modes.KEY: ("who joins needs the key {}", "no key is needed to join"),
    modes.LIMIT: ("at most {} people may be here", "any number of people may be here"),
    modes.FORWARD: ("who may not join is sent to {}", "who may not join is sent nowhere else"),
    modes.SLOW: ("who has spoken waits {} seconds", "nobody has to wait between two messages"),
}
"""The same of each setting, with a place for its value."""

LIST_WORDS = {
    modes.BANS: ("banned", "lifted the ban of", "Banned", "Nobody is banned"),
    modes.MUTES: ("muted", "unmuted", "Muted", "Nobody is muted"),
    modes.EXCEPTIONS: (
        "excepted from bans and mutes",
        "no longer excepts from bans and mutes",
        "Excepted from bans and mutes",
        "Nobody is excepted from bans and mutes",
    ),
    modes.GUESTS: (
        "lets in without an invitation",
        "no longer lets in without an invitation",
        "Let in without an invitation",
        "Nobody is let in without an invitation",
    ),
}
"""Of each list: put on it, taken off, what it is called, and that it is empty."""

PERSON_FLAG_WORDS = {
    modes.INVISIBLE: (
        "Only who shares a room with you finds you in a list.",
        "Everyone finds you in a list.",
    ),
    modes.BOT: ("You are marked as a bot.", "You are not marked as a bot any more."),
    modes.ACCOUNTS_WRITE: (
        "Only who is logged in to an account may write to you in private.",
        "Everyone may write to you in private.",
    ),
    modes.WALLOPS: (
        "You read what operators of the server tell each other.",
        "You do not read any more what operators of the server tell each other.",
    ),
}
"""What each flag of one's own says when it is turned on, and off."""


def a_role(name: str) -> str:
    """A role as a sentence names it: ``an operator``."""
    return f"a{'n' if name[0] in 'aeiou' else ''} {name}"


def setting_sentence(setting: str, value: str, hidden: bool = False) -> str:
    """What a setting says with this value; empty: without one."""
    on, off = SETTING_WORDS.get(setting, (f"{setting} is {{}}", f"{setting} is off"))
    if hidden and setting == modes.KEY:
        return "who joins needs a key"
    return on.format(value) if value else off
