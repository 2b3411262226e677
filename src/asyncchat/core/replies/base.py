"""What replies and refusals are."""

import msgspec


class Reply(msgspec.Struct, frozen=True):
    """An answer to a question."""


class Refusal(msgspec.Struct, frozen=True):
    """Why something asked does not happen."""
