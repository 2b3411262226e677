"""Modes: the rules of a room, roles in it, and a person's own flags.

Owns a sentence for each row of the tables in ``core.modes``, on and off; a test finds what is missing.
"""

from asyncchat.core import modes
from asyncchat.core.commands import Command
from asyncchat.core.features.room_modes import (
    BadValue,
    FlagChanged,
    FlagsView,
    GetFlags,
    RoleChanged,
    SetFlag,
    SetRole,
    SetSetting,
    SettingChanged,
)
from asyncchat.core.features.user_modes import (
    GetPersonFlags,
    PersonFlagChanged,
    PersonFlagsView,
    SetPersonFlag,
)
from asyncchat.core.replies import NotYourself
from asyncchat.core.roles import ROLE_NAMED
from asyncchat.text.sentences import FeatureText, a_role, capitalized, in_room, place
from asyncchat.text.slash import (
    Parser,
    Section,
    SlashCommands,
    SlashContext,
    name_and_rest,
    one_name,
    switch_from,
)
from asyncchat.text.times import Zone

slash = SlashCommands()

RULE_WORDS = {
    modes.NO_OUTSIDERS: ("only members may speak here", "anyone may speak here, members or not"),
    modes.TOPIC_LOCKED: ("only half-operators and higher may set the topic", "everyone may set the topic"),
    modes.MODERATED: ("only members with a role may speak", "every member may speak"),
    modes.OP_MODERATED: (
        "only operators read what members without a role say",
        "everyone reads what members say",
    ),
    modes.INVITE_ONLY: ("only invited people may join", "anyone may join without an invitation"),
    modes.SECRET: ("outsiders do not see this room", "this room is in the list of rooms"),
    modes.NO_COLOUR: ("messages with colours are refused", "messages may have colours"),
    modes.NO_CTCP: ("programs may not query programs here (CTCP)", "programs may query programs here (CTCP)"),
    modes.AUDITORIUM: ("members see only operators", "members see each other"),
    modes.ACCOUNTS_ONLY: ("only people with an account may join", "anyone may join without an account"),
    modes.ACCOUNTS_SPEAK: ("only people with an account may speak", "anyone may speak without an account"),
    modes.NO_KNOCK: ("nobody may ask for an invitation", "anyone may ask for an invitation"),
}
"""What each rule of a room says when it is on, and when it is off."""

SETTING_WORDS = {
    modes.KEY: ("the key {} is needed to join", "no key is needed to join"),
    modes.LIMIT: ("at most {} people may be here", "any number of people may be here"),
    modes.FORWARD: ("people who may not join are sent to {}", "nobody is sent to another room"),
    modes.SLOW: ("each person waits {} seconds between messages", "nobody has to wait between messages"),
}
"""The same of each setting, with a place for its value."""

PERSON_FLAG_WORDS = {
    modes.INVISIBLE: (
        "Only people who share a room with you find you in a list.",
        "Everyone finds you in a list.",
    ),
    modes.BOT: ("You are marked as a bot.", "You are not marked as a bot."),
    modes.ACCOUNTS_WRITE: (
        "Only people with an account may write to you in private.",
        "Everyone may write to you in private.",
    ),
    modes.WALLOPS: (
        "You read what operators of the server announce.",
        "You do not read what operators of the server announce.",
    ),
}
"""What each flag of a person says when it is on, and when it is off."""


def _set_role(role: str, on: bool) -> Parser:
    return one_name(lambda room, name: SetRole(room, name, on, role))


slash("op", "NAME", "Makes a person an operator of the room.", Section.MODERATION)(
    _set_role("operator", True)
)
slash("deop", "NAME", "Takes that role back.", Section.MODERATION)(_set_role("operator", False))
slash("voice", "NAME", "Lets a person speak where only members with a role may.", Section.MODERATION)(
    _set_role("voice", True)
)
slash("unvoice", "NAME", "Takes that role back.", Section.MODERATION)(_set_role("voice", False))


@slash(
    "role",
    "NAME ROLE [off]",
    f"Gives a person a role, or takes it back: {', '.join(ROLE_NAMED)}.",
    Section.MODERATION,
)
def _role(session: SlashContext, text: str) -> Command | None:
    name, *rest = text.split() or [""]
    switch = switch_from(rest[1]) if len(rest) == 2 else True
    if len(rest) not in (1, 2) or rest[0].lower() not in ROLE_NAMED or switch is None:
        return None
    return SetRole(session.room, name, switch, rest[0].lower())


@slash(
    "rule",
    "[RULE on|off|VALUE]",
    "Sets a rule of the room; alone shows the rules.",
    Section.MODERATION,
    aliases=("mode", "rules"),
)
def _rule(session: SlashContext, text: str) -> Command | str | None:
    if not text:
        return GetFlags(session.room)
    rule, value = name_and_rest(text)
    rule = rule.lower()
    if rule in modes.SETTINGS and value and " " not in value:
        return SetSetting(session.room, rule, "" if value.lower() == "off" else value)
    if rule not in modes.SETTINGS and rule not in modes.FLAGS:
        return f"There is no rule {rule}. /rule lists the rules."
    switch = switch_from(value)
    if rule not in modes.FLAGS or switch is None:
        return None
    return SetFlag(session.room, rule, switch)


@slash(
    "my", "[FLAG on|off]", f"Shows or sets your own flags: {', '.join(modes.PERSON_FLAGS)}.", Section.ACCOUNTS
)
def _my(_session: SlashContext, text: str) -> Command | None:
    if not text:
        return GetPersonFlags()
    flag, value = name_and_rest(text.lower())
    switch = switch_from(value)
    return SetPersonFlag(flag, switch) if flag in modes.PERSON_FLAGS and switch is not None else None


def setting_sentence(setting: str, value: str, hidden: bool = False) -> str:
    """What a setting says with this value; empty: without one."""
    on, off = SETTING_WORDS.get(setting, (f"{setting} is {{}}", f"{setting} is off"))
    if hidden and setting == modes.KEY:
        return "a key is needed to join"
    return on.format(value) if value else off


def _role_changed(event: RoleChanged) -> str:
    now = f"is now {a_role(event.role)}" if event.on else f"is no longer {a_role(event.role)}"
    return in_room(event.room, f"{event.person.name} {now} ({event.by.name})")


def _flag_changed(event: FlagChanged) -> str:
    on, off = RULE_WORDS.get(event.flag, (f"{event.flag} is on", f"{event.flag} is off"))
    return in_room(event.room, f"{event.person.name} changed a rule: {on if event.on else off}")


def _setting_changed(event: SettingChanged) -> str:
    now = setting_sentence(event.setting, event.value)
    return in_room(event.room, f"{event.person.name} changed a rule: {now}")


def _flags_view(view: FlagsView, zone: Zone) -> list[str]:
    rules = (
        f"  {flag} {'on ' if flag in view.flags else 'off'}  {words[0 if flag in view.flags else 1]}"
        for flag, words in RULE_WORDS.items()
    )
    values = dict(view.settings)
    settings = (
        f"  {setting} {values.get(setting, 'off') or 'on'}  "
        f"{setting_sentence(setting, values.get(setting, ''), view.outside and setting in values)}"
        for setting in SETTING_WORDS
    )
    start = f"The rules of {place(view.room)}, open since {zone.moment(view.opened)}:"
    return [start, *rules, *settings]


def _person_flags_view(view: PersonFlagsView, _zone: Zone) -> list[str]:
    return [
        f"{flag} {'on ' if flag in view.flags else 'off'}  {words[0 if flag in view.flags else 1]}"
        for flag, words in PERSON_FLAG_WORDS.items()
    ]


TEXT = FeatureText(
    commands=slash,
    events={
        RoleChanged: _role_changed,
        FlagChanged: _flag_changed,
        SettingChanged: _setting_changed,
    },
    own_events={
        PersonFlagChanged: lambda event: PERSON_FLAG_WORDS[event.flag][0 if event.on else 1],
    },
    replies={FlagsView: _flags_view, PersonFlagsView: _person_flags_view},
    refusals={
        BadValue: lambda r: f"{capitalized(place(r.room))} can't have that {r.setting}: {r.reason}.",
        NotYourself: lambda _: "You can set and ask that for yourself only.",
    },
)
