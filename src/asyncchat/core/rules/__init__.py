"""The rules: what becomes of each command. A module for each family, each with a table of its own.

To add a command: its value in ``commands``, a function here in its family's module, a line in that table.
"""

from asyncchat.core.rules import moderation, people, questions, rooms, speech

RULES = {**people.RULES, **rooms.RULES, **speech.RULES, **moderation.RULES, **questions.RULES}
ANSWERS = questions.ANSWERS
