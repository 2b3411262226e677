"""What is no message of a node, on the subjects of nodes, is passed over."""

import logging
import threading

from tests.server.cluster.test_node import with_ids

SUBJECTS = ("commands", "alive", "state")
GARBAGE = (b"", b"\xff" * 20, b"a b", b">", b"\x91\x93\x01\x02\x03")


class _Told(logging.Handler):
    """Knows on which subjects the hub and the other node passed something over."""

    def __init__(self):
        super().__init__()
        self.wanted = ["commands", "alive", "alive", "state", "state"] * len(GARBAGE)
        self.all = threading.Event()

    def emit(self, record):
        text = record.getMessage()
        if "is passed over. Somebody has sent" in text:
            self.wanted.remove(next(one for one in SUBJECTS if f"to.{one} is" in text))
            if not self.wanted:
                self.all.set()


def test_what_is_no_message_of_a_node_is_passed_over(nodes, request):
    told, logger = _Told(), logging.getLogger("asyncchat.cluster")
    logger.addHandler(told)
    request.addfinalizer(lambda: logger.removeHandler(told))
    one, two = nodes.add(), nodes.add()
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    for subject in SUBJECTS:
        for data in GARBAGE:
            two.wait(two.server.node.stream.send(subject, data))
    assert told.all.wait(20), told.wanted
    ben.send("PRIVMSG #tea :still here\r\n")
    anna.until(":still here\r\n")
