"""The questions of the plain dialect: none ends its line, what is typed next is the answer.

Owns their wording, which the client's side recognises.
"""

GREETING = "Welcome! Enter your name or nickname: "
"""Asks for the name; the wording is the original's."""

ASK_AGAIN = "Enter another name: "
"""Ends each refusal of a first name."""

PASSWORD_PROMPT = "Password: "  # noqa: S105  # a question, not an answer
"""Asks for the server's password, or an account's."""
