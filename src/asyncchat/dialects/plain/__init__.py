"""The plain dialect: ``nc``, ``telnet``, a pipe, and clients that send no newlines.

See docs/architecture.md, "One port, any client".
"""

from asyncchat.dialects.plain.client import PlainClient
from asyncchat.dialects.plain.dialect import Plain, PlainDialect
from asyncchat.dialects.plain.unframed import WRITE_PAUSE, Pieces, silence_for

__all__ = ["WRITE_PAUSE", "Pieces", "Plain", "PlainClient", "PlainDialect", "silence_for"]
