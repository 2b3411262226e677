"""Accepted people: the slash command that lets a guest write to one, and its sentence."""

from asyncchat.core.features.accept import Accept, Accepted
from asyncchat.text.sentences import FeatureText
from asyncchat.text.slash import Section, SlashCommands, one_name

slash = SlashCommands()

slash(
    "accept",
    "NAME",
    "Lets a guest write to you while only people with an account may (/my accounts-write).",
    Section.ACCOUNTS,
)(one_name(lambda _, name: Accept(name)))

TEXT = FeatureText(
    commands=slash,
    replies={
        Accepted: lambda r, _: [
            f"{r.name} may {'' if r.on else 'no longer '}write to you without an account."
        ]
    },
)
