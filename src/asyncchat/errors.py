"""The one base of what asyncchat raises.

Only our caller's misuse and a failing machine raise. A peer's fault is a value, which its dialect answers;
a person's is a refusal, which the chat decides: neither belongs here.
"""


class AsyncChatError(Exception):
    """Something failed in a way that the person at the terminal can act on.

    ``str()`` of it is one line that says what failed and what to do: the command line shows just that.
    Subclasses carry what a program needs (a port, a path, a process id) as attributes.
    """
