"""The plain dialect: ``nc``, ``telnet``, a pipe, and clients that send no newlines.

See docs/architecture.md, "One port, any client".
"""
