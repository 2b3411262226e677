"""The configuration of a server; what comes later counts: file < environment < flags.

Owns the options (``options``, one table), how they are read (``sources``), and how passwords are written in
it (``passwords``). It must not know the server or the command line.
"""
