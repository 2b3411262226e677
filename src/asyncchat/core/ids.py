"""Message ids: ``<epoch>-<number>``, the same in every dialect and never used twice.

Owns the text form and the table of epochs. Must not know when a new epoch starts: the log decides that.
"""

from bisect import bisect_right
from collections.abc import Sequence


class Ids:
    """The epochs of one log: each has a first number, and its name is part of the ids from there on.

    Args:
        epochs: (first number, name) pairs in ascending order, at least one; names are
            ASCII letters and digits.
    """

    __slots__ = ("_firsts", "_names", "_newest_first", "_newest_prefix")

    def __init__(self, epochs: Sequence[tuple[int, str]]) -> None:
        self._firsts = [first for first, _ in epochs]
        self._names = [name for _, name in epochs]
        self._newest_first = self._firsts[-1]
        self._newest_prefix = f"{self._names[-1]}-"

    @property
    def epochs(self) -> list[tuple[int, str]]:
        """The epochs, as they are given to a new object."""
        return list(zip(self._firsts, self._names, strict=True))

    def follow(self, newer: "Ids") -> None:
        """Has the epochs of the same log after it was opened again; who has this object knows them too."""
        for name in self.__slots__:
            setattr(self, name, getattr(newer, name))

    def id_of(self, number: int) -> str:
        """The id of the record with this number, stored or not."""
        if number >= self._newest_first:
            return self._newest_prefix + str(number)
        if number < 0:  # of what is not stored
            return f"{self._newest_prefix}t{-number}"
        return f"{self._epoch_at(number)}-{number}"

    def number_of(self, text: str) -> int | None:
        """The number in an id, or None if this log never had such an id."""
        name, dash, digits = text.rpartition("-")
        if not dash or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
            return None
        number = int(digits)
        return number if number > 0 and str(number) == digits and self._epoch_at(number) == name else None

    def _epoch_at(self, number: int) -> str:
        return self._names[max(0, bisect_right(self._firsts, number) - 1)]
