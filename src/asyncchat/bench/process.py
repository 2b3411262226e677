"""What the system reports about a server's processes: processor time, memory, listeners; pinning; file
limits.

Reads ``/proc`` (Linux). On other systems a value is None and the report leaves it out.
"""

import contextlib
import os
import sys
from pathlib import Path

from asyncchat.errors import AsyncChatError

PROC = Path("/proc")
# What the generator needs in addition to the connections: files, pipes, the poller.
_SPARE_FILES = 64
_COMM_BYTES = 15  # proc(5): comm
_LISTEN_STATE = "0A"  # net/tcp_states.h: TCP_LISTEN
_TASK_TIMES = slice(11, 13)  # proc(5): utime and stime, counted after the command's closing bracket


def tree(pid: int, proc: Path = PROC) -> list[int]:
    """Return the ids of a process and its current descendants."""
    parents: dict[int, list[int]] = {}
    with contextlib.suppress(OSError):  # another system
        for entry in proc.iterdir():
            if entry.name.isdigit() and (fields := _stat(entry)) is not None:
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for parent in found:
        found += parents.get(parent, ())
    return found


def cpu_seconds(pid: int, proc: Path = PROC) -> float | None:
    """Return the user and system time of a process and its descendants so far; None if it is gone.

    It is the scheduler's nanoseconds of the living threads, where the system has them. The clock ticks (10
    ms) include threads that have ended, and are taken if they give more.
    """
    total, known = 0.0, False
    for each in tree(pid, proc):
        if (fields := _stat(proc / str(each))) is None:
            continue
        known = True
        by_ticks = sum(int(field) for field in fields[_TASK_TIMES]) / _ticks()
        total += max(_scheduled(proc / str(each)), by_ticks)
    return total if known else None


def thread_seconds(pid: int, name: str, proc: Path = PROC) -> float | None:
    """Return the processor time of a process's threads of this name so far; None if there is none."""
    total, known = 0, False
    with contextlib.suppress(OSError, ValueError, IndexError):
        for thread in (proc / str(pid) / "task").iterdir():
            if (thread / "comm").read_text("utf-8", "replace").strip() == name[:_COMM_BYTES]:
                total, known = total + int((thread / "schedstat").read_text().split()[0]), True
    return total / 1e9 if known else None


def machine_seconds(proc: Path = PROC) -> float | None:
    """Return the processor time that all programs of this machine together have used so far."""
    try:
        first = (proc / "stat").read_text().split("\n", 1)[0].split()
    except OSError:
        return None
    # proc(5): user nice system idle iowait irq softirq steal; guest times are within the first two.
    busy = [int(field) for field in first[1:9]]
    return (sum(busy) - busy[3] - busy[4]) / _ticks()


def memory_bytes(pid: int, proc: Path = PROC) -> int | None:
    """Return the memory of a process and its descendants: PSS, or RSS where the system hides it."""
    total, known = 0, False
    for each in tree(pid, proc):
        for name, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
            if (kib := _kib(proc / str(each) / name, key)) is not None:
                total, known = total + kib * 1024, True
                break
    return total if known else None


def listener(port: int, proc: Path = PROC) -> int | None:
    """Return the process that listens on a TCP port of this machine, if this user may see it."""
    inodes = {
        f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _listening(proc / "net" / table, port)
    }
    if not inodes:
        return None
    holders = []
    for entry in proc.iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if any(os.readlink(link) in inodes for link in (entry / "fd").iterdir()):
                holders.append(int(entry.name))
    # Children may have inherited the socket: the parent of all of them is wanted.
    for pid in holders:
        fields = _stat(proc / str(pid))
        if fields is None or int(fields[1]) not in holders:
            return pid
    return None


def pin(pid: int, cpu: int) -> None:
    """Keep all threads of a process and its descendants on one processor.

    Raises:
        AsyncChatError: There is no such processor, or this user is not allowed to.
    """
    if sys.platform != "linux":
        raise AsyncChatError("pinning to a processor works on Linux only")
    try:
        for each in [pid] if pid == 0 else tree(pid):
            threads = [int(entry.name) for entry in (PROC / str(each) / "task").iterdir()] if each else [0]
            for thread in threads:
                os.sched_setaffinity(thread, {cpu})
    except OSError as error:
        raise AsyncChatError(f"cannot pin to processor {cpu}: {error.strerror}") from error


def raise_file_limit(connections: int) -> None:
    """Raise the soft limit of open files to the hard one; servers started later inherit it.

    Raises:
        AsyncChatError: Even the hard limit is too low for so many connections.
    """
    try:
        import resource  # Unix only
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = connections + _SPARE_FILES
    if hard != resource.RLIM_INFINITY and hard < need:
        raise AsyncChatError(
            f"{connections} connections need {need} open files, but the hard limit is {hard}: raise it"
        )
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # macOS refuses "unlimited"
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _ticks() -> int:
    return os.sysconf("SC_CLK_TCK")


def _stat(entry: Path) -> list[str] | None:
    """Return the fields of a process's stat from the state on; the command before it may contain anything."""
    try:
        return (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None


def _scheduled(entry: Path) -> float:
    total = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        for thread in (entry / "task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def _kib(path: Path, key: str) -> int | None:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(key)), None)


def _listening(table: Path, port: int) -> list[str]:
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if row[3] == _LISTEN_STATE and int(row[1].rpartition(":")[2], 16) == port]
