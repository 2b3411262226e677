"""The tuning of the log in SQLite: sizes and times, and where they come from."""

import msgspec


class Tuning(msgspec.Struct, frozen=True):
    """Values as measured; tests use smaller ones.

    Attributes:
        inline_rows: the most records that are made into rows and committed on the loop, at 2 to 5 µs each; a
            commit in a thread takes 2 ms on a busy loop.
        slow: seconds; a slower commit on the loop sends the next ones to the writer's thread.
        detour: how many commits go there before the loop is tried again; doubled while it is still slow.
        lag: records that the posting lists may lack under load; a page of a room scans them, at 80 ns each.
        busy: records a second from which the search's index waits, however far it lags.
        checkpoint_at: bytes written after which the write-ahead log is moved into the database.
        rewind_at: bytes of write-ahead log from which appends wait for a checkpoint, so that it is rewound.
        quiet: seconds without an append after which all maintenance is done; and how long the records are
            counted for ``busy``.
        volume: records in one volume of the search index; an erasure rebuilds one, in some 2 s.
        slice: records that are indexed for the search in one step: 60 ms in its thread, nearly all of it
            without the interpreter's lock.
        search_turn: seconds that one search takes before the next one has a turn.
        search_for: seconds that one search takes at most; then it reports how far it came.
        retry: seconds until an index that could not be used, such as on a full disk, is tried again.
        snapshot_at: state facts after which a snapshot is written; replaying as many takes 30 ms.
    """

    inline_rows: int = 512
    slow: float = 0.005
    detour: int = 16
    lag: int = 10_000
    busy: int = 200
    checkpoint_at: int = 4_000_000
    rewind_at: int = 8_000_000
    quiet: float = 1.0
    retry: float = 60.0
    snapshot_at: int = 10_000
    volume: int = 1 << 17
    slice: int = 8192
    search_turn: float = 0.02
    search_for: float = 0.5

    def least(self, quiet: bool) -> int:
        """How many records must be unindexed; a few are left even when quiet, since short slices add up."""
        return max(1, self.lag // 20) if quiet else self.lag


DEFAULT_TUNING = Tuning()
