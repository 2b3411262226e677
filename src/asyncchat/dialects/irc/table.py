"""A table that features fill by declaration.

Owns that nothing is declared twice; must not know what is in a table.
"""

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Table(dict[K, V]):
    """Values by key, each declared once."""

    def put(self, key: K, value: V) -> None:
        """Adds a value.

        Raises:
            ValueError: the key has one already.
        """
        if key in self:
            raise ValueError(f"{key} is declared twice")
        self[key] = value

    def declare(self, *keys: K) -> Callable[[V], V]:
        """A decorator that adds a value under each of these keys."""

        def put(value: V) -> V:
            for key in keys:
                self.put(key, value)
            return value

        return put
