"""An exam of a cluster: the tests of a single server, each of whose servers is a node.

``python -m tests.server.cluster.server_tests`` runs them on the hub's node, with ``--beside`` on another one.
The nodes compare their states some times a second. What is not run, because a node promises something else or
the test reaches into the one process, is in ``NOT_RUN``, with the reason.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from secrets import token_hex

import msgspec

from asyncchat.log.memory import MemoryLog
from asyncchat.server.cluster import node
from tests.cluster.nats import NatsServer
from tests.server import harness

URL, BESIDE = "ASYNCCHAT_EXAM_NATS", "ASYNCCHAT_EXAM_BESIDE"
"""The environment of the processes that run tests."""

LATER = "the hub decides it a moment later"
BY_HAND = "changes the state of one process by hand"
OTHERS_GO_ON = "people are told of the other nodes"
POSITIONS = "reads a file in whose place NATS keeps the positions"

NOT_RUN = {
    "cluster": "the cluster's own tests",
    "test_workers.py": "starts a cluster of its own",
    "test_calls.py": "counts what a single server does",
    "http/api/test_administration.py::test_people_are_listed_with_what_is_known_of_them": LATER,
    "http/api/test_administration.py::test_secret_rooms_are_listed_too": LATER,
    "http/api/test_stream.py::test_the_server_s_stop_ends_it": "the stop may be first",
    "test_blocking.py::test_no_long_answer_has_a_long_turn": BY_HAND,
    "test_devices.py::test_each_message_comes_once_to_each_device": "asks for what another one has just said",
    "test_devices.py::test_who_was_away_too_long_is_let_go": BY_HAND,
    "test_opers.py::test_all_whom_a_ban_matches_are_gone_when_it_is_answered": LATER,
    "test_reload.py::test_what_can_be_is_taken_over_and_nobody_is_dropped": "the options are others",
    "test_server.py::test_a_ban_for_a_time_that_ended_while_nothing_ran_is_lifted_at_the_start":
        LATER,
    "test_uploads.py::test_what_is_said_while_a_file_is_removed_keeps_it": "it is not decided yet",
    "test_webhooks.py::test_the_oldest_of_too_many_are_dropped": POSITIONS,
    "test_webhooks.py::test_what_waits_outlives_the_server": POSITIONS,
    "test_webhooks.py::test_only_so_much_is_caught_up": POSITIONS,
}  # fmt: skip
"""By file, or file and test."""

NOT_BESIDE = {
    "test_push.py": "the hub's node pushes",
    "test_uploads.py": "the hub's node looks for files that nothing refers to",
    "test_webhooks.py": "the hub's node sends",
    "test_invite_codes.py::test_a_guess_costs_as_much_as_a_wrong_password": "nobody in the process sleeps",
    "test_server.py::test_everyone_is_told_of_the_stop_after_all_that_was_accepted": OTHERS_GO_ON,
    "test_udp.py::test_all_are_told_that_the_server_stops": OTHERS_GO_ON,
    "test_websocket.py::test_a_stop_is_a_close_that_says_so": OTHERS_GO_ON,
}
"""What is not run on a node that is not the hub."""

_streams: dict[str, tuple[Path, str, object]] = {}


class NodeThread(harness.ServerThread):
    """A server that is a node of a cluster of its own; with the same log again, of the same."""

    def __init__(self, config, log, **options):
        self._hub = None
        if not config.cluster:
            key = str(getattr(log, "path", id(log)))
            made = (Path(tempfile.mkdtemp()), f"exam-{token_hex(6)}", log)
            folder, name, _log = _streams.setdefault(key, made)
            folder.chmod(0o755)
            config = msgspec.structs.replace(config, cluster=os.environ[URL], cluster_name=name, node="other")
            if os.environ[BESIDE] and not log.last:
                hub = msgspec.structs.replace(config, node="hub")
                own = {key: options[key] for key in ("keys", "motd") if key in options}
                self._hub = harness.ServerThread(hub, MemoryLog(), database=folder / "hub.db", **own)
            options.setdefault("database", folder / "other.db")
        super().__init__(config, log, **options)

    def __enter__(self):
        if self._hub is not None:
            self._hub.__enter__()
        return super().__enter__()

    def __exit__(self, *error):
        super().__exit__(*error)
        if self._hub is not None:
            self._hub.__exit__(*error)

    def call(self, function, *args):
        """As in a single server, all that was asked before is decided, and all that the function asks."""

        async def decided():
            while getattr(self.server.hub, "unanswered", 0):  # noqa: ASYNC110  # nobody tells it
                await asyncio.sleep(0.002)

        self.wait(decided())
        found = super().call(function, *args)
        self.wait(decided())
        return found


if URL in os.environ:  # pytest imports this
    vars(harness).update(ServerThread=NodeThread, PATIENCE=20.0)
    vars(node).update(COMPARE_EVERY=0.2, ALIVE_EVERY=0.1)


def main():
    """Runs the tests; the exit status is pytest's."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--beside", action="store_true", help="on a node that is not the hub")
    asked.add_argument("arguments", nargs="*", help="of pytest; after a --")
    options = asked.parse_args()
    left_out = NOT_RUN | (NOT_BESIDE if options.beside else {})
    folder = Path("tests/server")
    command = [sys.executable, "-m", "pytest", "-q", str(folder), *options.arguments]
    for name in left_out:
        command += ["--deselect" if "::" in name else "--ignore", str(folder / name)]
    with tempfile.TemporaryDirectory() as store:
        nats = NatsServer(Path(store))
        nats.start()
        try:
            own = {URL: nats.url, BESIDE: "yes" if options.beside else ""}
            return subprocess.run(command, env=os.environ | own, check=False).returncode  # pytest
        finally:
            nats.kill()


if __name__ == "__main__":
    sys.exit(main())
