"""The base of what asyncchat raises.

Only our caller's misuse and a failing machine raise. It must not have a peer's fault, which is a value that
the dialect answers, nor a person's, which is a refusal by the chat.
"""


class AsyncChatError(Exception):
    """Something failed in a way that the person at the terminal can act on.

    ``str()`` of it is one line that says what failed and what to do; the command line shows only that.
    Subclasses have what a program needs (a port, a path, a process id) as attributes.
    """

    exit_code = 1
    """The exit status of a command that fails with it."""


class Misuse(AsyncChatError):
    """An argument or a configuration is not valid."""

    exit_code = 2
