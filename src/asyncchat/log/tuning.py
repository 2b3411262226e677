"""The figures of the log in SQLite: when what is done where.

Owns numbers and where they come from.
"""

import msgspec


class Tuning(msgspec.Struct, frozen=True):
    """Figures as measured; tests take smaller ones.

    Attributes:
        inline_rows: up to so many records commit on the loop, 1.4 µs each; the way through a thread takes
            2 ms on a busy loop.
        slow: seconds; a commit on the loop that took longer sends the next ones to the writer's thread …
        detour: … so many, then it is tried again; twice as many each time it is still slow.
        lag: records that the index may be behind under load; a read scans them, at 80 ns each.
        checkpoint_at: bytes written, after which the write-ahead log is moved into the database.
        rewind_at: bytes of write-ahead log from which appends wait for that, so that it begins anew.
        quiet: seconds without an append, after which all upkeep is done.
        volume: records in one volume of the search's index: an erasure has one made anew, in some 2 s.
        slice: records that the index takes in at once: 7 ms in its thread, 1 ms of it with the interpreter.
        search_turn: seconds that one search takes before the next one has a turn.
        search_for: seconds that one search takes in all; it says how far it came.
        snapshot_at: state facts after which a snapshot is written; folding as many takes 30 ms.
    """

    inline_rows: int = 512
    slow: float = 0.005
    detour: int = 16
    lag: int = 10_000
    checkpoint_at: int = 4_000_000
    rewind_at: int = 8_000_000
    quiet: float = 1.0
    snapshot_at: int = 10_000
    volume: int = 1 << 17
    slice: int = 512
    search_turn: float = 0.02
    search_for: float = 0.5


DEFAULT = Tuning()
"""What ``SqliteLog`` takes unless told otherwise."""
