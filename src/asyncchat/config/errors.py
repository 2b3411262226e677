"""What is wrong with a configuration: each one line that names the place."""

from asyncchat.errors import AsyncChatError


class ConfigError(AsyncChatError):
    """Something configured can't be meant."""


class ConfigUnreadable(AsyncChatError):
    """A configuration's file can't be read."""
