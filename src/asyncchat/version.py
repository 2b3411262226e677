"""The version of asyncchat, apart from its public names: all parts may import it."""

__version__ = "0.1.0"
