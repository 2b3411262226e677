"""A post that is repeated at another node is posted once."""

from tests.server.cluster.test_files import folded
from tests.server.http.api.client import ask, give_token


def test_a_key_that_was_used_on_one_node_is_known_on_each(nodes):
    one, two = nodes.add(), nodes.add()
    give_token(one, "bot", "post", "read")
    folded(one, two)
    answers = [
        ask(node, "POST", "/rooms/lobby/messages", {"text": text}, "bot", Idempotency_Key="k1")
        for node, text in ((one, "done"), (two, "done"), (one, "done"), (two, "another"))
    ]
    assert [answer.status for answer in answers] == [201, 201, 201, 409]
    assert [answer.headers["Idempotency-Replayed"] for answer in answers[:3]] == [None, "true", "true"]
    assert len({answer.json["id"] for answer in answers[:3]}) == 1
