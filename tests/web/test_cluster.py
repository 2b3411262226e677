"""The page before which a load balancer has several nodes of a cluster: it goes on at any of them."""

import pytest

from asyncchat.server.drain import drain
from tests.cluster.conftest import name, nats_url  # noqa: F401  # fixtures
from tests.faulty_line import faulty_line
from tests.server.cluster.conftest import nodes  # noqa: F401  # a fixture
from tests.server.cluster.test_node import ids_of, with_ids
from tests.web.conftest import say, sees, texts
from tests.web.test_accounts import make_account


@pytest.mark.parametrize("way", ["stops", "is drained"])
def test_the_page_goes_on_at_another_node_without_a_gap_and_logged_in(nodes, visits, way):  # noqa: F811
    one, two = nodes.add(), nodes.add()
    ben = with_ids(one, "ben")
    with faulty_line(two.port, 0, ("as it is",)) as balancer:
        page = visits.join(balancer.port, "anna", "/#tea", of=two.port)
        make_account(page, "tea at five")
        ben.send("PRIVMSG #tea :before\r\n")
        sees(page, "before")
        balancer._target = one.port
        if way == "stops":
            two.stop()
        else:
            two.wait(drain(two.server.context, 0))
        say(page, "written meanwhile")
        said = [f"while away {number}" for number in range(20)]
        for text in said:
            ben.send(f"PRIVMSG #tea :{text}\r\n")
        heard = ""
        while not (said[-1] in heard and "written meanwhile" in heard):
            heard += f"{ben.line()}\r\n"
        order = [text for _, text in ids_of(heard)]
        assert sorted(order) == sorted(["before", *said, "written meanwhile"])
        sees(page, order[-1])
        assert texts(page) == order
        assert page.evaluate("asyncchat.connection.account") == "anna"
        page.reload()  # the device stays signed in: its token is known to all nodes
        page.wait_for_selector("#app[data-joined=true]")
        sees(page, order[-1])
        assert page.evaluate("asyncchat.connection.account") == "anna"
        assert texts(page) == order
