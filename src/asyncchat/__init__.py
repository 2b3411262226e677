"""One chat server that anyone joins with what they already have: nc, an IRC client, a pipe, Python.

This module owns the package's public names and its version. It imports no part of the program by itself:
a command loads only what it needs.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
