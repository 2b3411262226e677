"""The budgets of connections, accounts and networks."""

import pytest

from asyncchat.config.options import ServeConfig
from asyncchat.core.features.join import Join
from asyncchat.core.people import network_of
from asyncchat.server.limits import (
    DEBT_SECONDS,
    ROW_BYTES,
    Budget,
    Budgets,
    ClientBudget,
    NetworkBudget,
    Rate,
)
from tests.server.harness import serving

RATE = Rate(100, 10)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def make(clock, **options):
    return Budgets(ServeConfig(**options), clock)


def test_an_ipv6_network_is_one_place():
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8:1:2:3::7%eth0") == network_of("2001:db8:1:2::") == "2001:db8:1:2::"
    assert network_of("2001:db8:1:3::") != network_of("2001:db8:1:2::")


def test_so_many_connections_from_a_place(clock):
    budgets = make(clock, per_address=2)
    there = [budgets.connect("192.0.2.7") for _ in range(3)]
    assert [one is not None for one in there] == [True, True, False]
    assert budgets.connect("192.0.2.8") is not None
    budgets.disconnect(there[0], entered=False)
    assert [budgets.connect("192.0.2.7") is not None for _ in range(2)] == [True, False]
    for address in ("127.0.0.1", "127.1.2.3", "::1", "localhost"):
        assert all(budgets.connect(address) for _ in range(3))
    assert all(make(clock, per_address=0).connect("192.0.2.7") for _ in range(3))
    assert all(make(clock, per_address=1, limits=False).connect("192.0.2.7") for _ in range(3))
    assert all(make(clock, per_address=1, trusted=("192.0.2.0/24",)).connect("192.0.2.7") for _ in range(3))


def from_site(number):
    """An address in one of the 65,536 IPv6 /64 of a /48."""
    return f"2001:db8:7:{number:x}::1"


def test_a_48_has_the_places_of_eight_64(clock):
    budgets = make(clock, per_address=2)
    there = [budgets.connect(from_site(number)) for number in range(100)]
    assert sum(one is not None for one in there) == 16
    assert budgets.connect("2001:db8:8::1") is not None
    budgets.disconnect(there[0], entered=False)
    assert budgets.connect(from_site(200)) is not None
    assert budgets.connect(from_site(201)) is None


@pytest.mark.parametrize(
    ("options", "most"),
    [({"per_address": 6}, 3), ({"per_address": 1}, 1), ({"per_address": 0}, 50), ({"limits": False}, 50)],
)
def test_half_of_the_connections_of_a_network_are_streams(clock, options, most):
    budgets = make(clock, **options)

    def begun(address):
        network = budgets.connect(address)
        if network is None or not budgets.may_stream(network, address):
            return None
        budgets.count_stream(network, 1)
        return network

    there = [network for _ in range(50) if (network := begun("192.0.2.7")) is not None]
    assert len(there) == most
    assert all(begun("127.0.0.1") for _ in range(50))
    of_site = [network for number in range(50) if (network := begun(from_site(number))) is not None]
    assert len(of_site) == min(50, 8 * most)
    budgets.count_stream(there[0], -1)
    budgets.disconnect(there[0], entered=False)
    assert begun("192.0.2.7") is not None


def test_a_48_has_the_lines_of_eight_64(clock):
    budgets = make(clock, network_burst=100, network_rate=10.0)
    said = 0
    for number in range(100):
        network = budgets.connect(from_site(number))
        lines = int(network.lines(clock.now))
        network.charge(lines)
        said += lines
        budgets.disconnect(network, entered=False)
        budgets.forget_idle()
    assert said <= 800
    late = budgets.connect(from_site(1000))
    assert late.wait(clock.now) == pytest.approx(0, abs=1.3)
    late.charge(10_000)
    assert late.wait(clock.now) == pytest.approx(DEBT_SECONDS + 0.1)  # its own, and no more than that
    assert budgets.connect("2001:db8:8::1").lines(clock.now) == 99
    assert budgets.connect("192.0.2.7").lines(clock.now) == 99


def test_a_class_in_one_64_of_a_48_has_what_it_had(clock):
    budgets = make(clock)
    network = budgets.connect(from_site(1))
    for _ in range(200):
        budgets.connect(from_site(1))
        budgets.enter(network)
    assert network.lines(clock.now) == 1000 - 201 + 200 * 20


def test_guests_of_a_48_send_what_those_of_eight_64_may(clock):
    budgets = make(clock, guest_megabytes=1)
    refused = []
    for number in range(20):
        network = budgets.connect(from_site(number))
        network.charge_guest(clock.now, 900_000)
        refused.append(network.guests_refused)
    assert refused == [False] * 8 + [True] * 12


def test_what_a_trusted_64_does_does_not_count_for_its_48(clock):
    trusted = make(clock, per_address=1, trusted=(f"{from_site(0)}/64",))
    there = [trusted.connect(from_site(0)) for _ in range(50)]
    trusted.enter(there[0])
    there[0].charge(1e6)
    other = trusted.connect(from_site(1))
    assert other.lines(clock.now) == 999
    trusted.change(ServeConfig(per_address=1))
    assert trusted.connect(from_site(2)) is None
    for _ in there:
        trusted.disconnect(there[0], entered=False)
    assert trusted.connect(from_site(2)) is not None


def test_a_burst_at_once_then_so_many_a_second():
    budget = Budget(1000.0, RATE)
    assert budget.lines(1000.0) == 100
    budget.charge(100)
    assert budget.lines(1000.0) == 0
    assert budget.wait(1000.0) == pytest.approx(0.1)
    assert budget.lines(1000.05) == pytest.approx(0.5)
    assert budget.wait(1000.05) == pytest.approx(0.05)
    assert budget.lines(1001.0) == pytest.approx(10)
    budget.charge(10)
    assert budget.lines(1e9) == 100


def test_time_makes_no_more_than_a_burst():
    budget = Budget(0.0, RATE)
    taken = 0
    for tenth in range(600):
        allowed = int(budget.lines(tenth / 10))
        budget.charge(allowed)
        taken += allowed
    assert 100 + 59 * 10 <= taken <= 100 + 60 * 10


def test_a_debt_is_waited_for_up_to_a_minute():
    budget = Budget(0.0, RATE)
    budget.charge(150)
    assert budget.wait(0.0) == pytest.approx(5.1)
    budget.charge(1e9)
    assert budget.wait(0.0) == pytest.approx(DEBT_SECONDS + 0.1)


def test_each_that_waits_has_its_own_time():
    budget = Budget(0.0, RATE)
    budget.charge(100)
    assert [budget.reserve(0.0) for _ in range(3)] == pytest.approx([0.1, 0.2, 0.3])


def test_several_lines_are_waited_for_at_a_time():
    budget = Budget(0.0, RATE)
    budget.charge(99)
    assert budget.reserve(0.0, 4) == pytest.approx(0.3)
    assert budget.lines(0.3) == pytest.approx(0)


def test_only_who_used_a_tenth_of_its_budget_is_charged_the_servers(clock):
    budgets = make(clock, burst=100, rate=10, server_burst=200, server_rate=1000)
    client = ClientBudget(budgets, budgets.connect("192.0.2.1"))
    client.lines(clock.now, "")
    client.charge(10)
    client.lines(clock.now, "")
    client.charge(1)
    share = budgets.server.share(clock.now, client.network)
    assert share.lines(clock.now) == 200
    client.lines(clock.now, "")
    client.charge(1)
    assert share.lines(clock.now) == 199
    clock.now += 1
    client.lines(clock.now, "")
    client.charge(1)
    assert share.lines(clock.now) == 200


def test_nobody_waits_for_the_flooders_of_another_network(clock):
    budgets = make(clock, burst=100, rate=10, server_burst=200, server_rate=1000)
    flooders = []
    for number in range(200):
        network = budgets.connect(f"192.0.2.{number // 20}")
        flooders.append(ClientBudget(budgets, network))
        flooders[-1].charge(100)
        flooders[-1].lines(clock.now, "")
        flooders[-1].charge(0, 100_000)  # in a room of a thousand
    assert flooders[0].reserve(clock.now, 4) > 60
    anna = ClientBudget(budgets, budgets.connect("192.0.2.77"))
    anna.charge(20)
    assert anna.lines(clock.now, "") > 10
    anna.charge(60)
    anna.lines(clock.now, "")
    assert anna.reserve(clock.now, 4) < 1


def test_the_networks_that_send_many_lines_have_equal_shares(clock):
    server = make(clock, server_burst=200, server_rate=1000).server
    places = [NetworkBudget(clock.now, RATE, trusted=False, guests=None) for _ in range(4)]
    first = server.share(clock.now, places[0])
    assert first.rate == Rate(200, 1000)
    for place in places:
        server.share(clock.now, place).charge(5000)
    clock.now += 1
    assert [server.share(clock.now, place).rate for place in places] == [Rate(50, 250)] * 4
    server.share(clock.now, places[0]).charge(10_000)
    clock.now += 100  # those of the others are whole again
    assert server.share(clock.now, places[0]).rate == Rate(200, 1000)
    assert server.share(clock.now, places[1]) is not first


def test_an_ipv6_site_has_one_share(clock):
    budgets = make(clock)
    one, other = budgets.connect("2001:db8:1:2::1"), budgets.connect("2001:db8:1:3::1")
    elsewhere = budgets.connect("2001:db8:2:2::1")
    share = budgets.server.share(clock.now, one)
    assert budgets.server.share(clock.now, other) is share
    assert budgets.server.share(clock.now, elsewhere) is not share


def test_devices_of_an_account_share_its_budget(clock):
    budgets = make(clock, burst=100, rate=10, account_burst=50, account_rate=5)
    one, other = (ClientBudget(budgets, budgets.connect(f"192.0.2.{number}")) for number in (1, 2))
    assert one.lines(clock.now, "alice") == 50
    one.charge(45)
    assert other.lines(clock.now, "alice") == 5
    assert other.lines(clock.now, "") == 100


def test_another_process_goes_on_with_what_is_used(clock):
    options = {"account_burst": 50, "server_rate": 100, "guest_megabytes": 1, "file_account_megabytes": 1}
    before = make(clock, **options)
    addresses = ("192.0.2.1", "2001:db8:1:2::1", "2001:db8:1:3::1")
    clients = [ClientBudget(before, before.connect(address)) for address in addresses]
    for client in clients:
        client.enter()
        client.arrive([Join("#tea")])
        client.charge(20)
        client.lines(clock.now, "alice")
        client.charge(30, 50_000)
        client.network.charge_guest(clock.now, 1500)
    before.account("alice").charge(200)  # a debt
    before.asker("bot").charge(3)
    assert not before.reserve_upload(addresses[1], "alice", 900_000)

    clock.now += 1
    before.server.share(clock.now, clients[0].network)
    after = make(clock, **options)
    after.restore(before.spent())
    restored = [ClientBudget(after, after.restore_connection(address)) for address in addresses]
    for one, other in zip(clients, restored, strict=True):
        other.restore(one.spent(clock.now))

    def levels(budgets, people):
        found = [budgets.account("alice").lines(clock.now), budgets.asker("bot").lines(clock.now)]
        for one in people:
            found += [one.lines(clock.now, ""), one.network.lines(clock.now), one.spent(clock.now)]
            found += [one.network.guests.lines(clock.now), one.network.connections, one.network.people]
            found += [budgets.server.share(clock.now, one.network).lines(clock.now)]
        return found

    assert levels(after, restored) == levels(before, clients)
    assert [one.network.site is not None for one in restored] == [False, True, True]
    waits = [one.reserve_upload(addresses[1], "alice", 200_000) for one in (before, after)]
    assert waits == [pytest.approx(8639)] * 2  # for 100 kB, of a megabyte a day


def test_who_comes_again_resumes_its_networks_budget(clock):
    budgets = make(clock)
    network = budgets.connect("192.0.2.7")
    budgets.enter(network)
    assert network.lines(clock.now) == 1000 - 1 + 20
    network.charge(1019)
    for _ in range(50):
        budgets.disconnect(network, entered=True)
        assert budgets.connect("192.0.2.7") is network
        budgets.enter(network)
    assert network.lines(clock.now) == -50
    assert budgets.connect("192.0.2.8").lines(clock.now) == 999


def test_each_person_adds_a_share_to_its_network(clock):
    budgets = make(clock)
    network = budgets.connect("127.0.0.1")
    budgets.enter(network)
    for _ in range(499):
        network = budgets.connect("127.0.0.1")
        network.charge(6)  # the lines of its registration
        budgets.enter(network)
    assert network.lines(clock.now) > 1000
    assert network.rate == Rate(1000 + 500 * 20, 50 + 500 * 2)
    for _ in range(500):
        budgets.disconnect(network, entered=True)
    assert network.rate == Rate(1000, 50)


def test_a_trusted_network_has_no_budget(clock):
    budgets = make(clock, trusted=("10.0.0.0/8", "2001:db8:1:2::5"))
    for address in ("10.1.2.3", "2001:db8:1:2::5"):
        network = budgets.connect(address)
        network.charge(1e6)
        assert network.lines(clock.now) > 1e6
        assert network.wait(clock.now) == 0
    other = budgets.connect("192.0.2.1")
    other.charge(1e6)
    assert other.lines(clock.now) < 0
    budgets.change(ServeConfig(trusted=("192.0.2.1",)))
    assert other.lines(clock.now) > 0


def test_idle_budgets_are_forgotten(clock):
    budgets = make(clock)
    gone, here = budgets.connect("192.0.2.1"), budgets.connect("192.0.2.2")
    account = budgets.account("anna")
    account.charge(10)
    budgets.disconnect(gone, entered=False)
    budgets.forget_idle()
    assert budgets.account("anna") is account
    clock.now += 60
    budgets.forget_idle()
    assert budgets.account("anna") is not account
    assert budgets.connect("192.0.2.1") is not gone
    assert budgets.connect("192.0.2.2") is here


def test_other_limits_hold_from_the_next_call_on(clock):
    budgets = make(clock)
    account, network = budgets.account("anna"), budgets.connect("192.0.2.1")
    budgets.change(ServeConfig(burst=3, rate=0.5, account_burst=7, network_burst=9))
    connection = budgets.connection()
    assert connection.lines(clock.now) == 3
    connection.charge(3)
    assert connection.wait(clock.now) == pytest.approx(2.0)
    assert account.lines(clock.now) == 7
    assert network.lines(clock.now) == 9


def test_what_guests_of_a_network_may_send_in_a_day(clock):
    budgets = make(clock, guest_megabytes=1)
    network = budgets.connect("192.0.2.7")
    network.charge_guest(clock.now, 999_999)
    assert not network.guests_refused
    network.charge_guest(clock.now, 10)
    assert network.guests_refused
    # A reconnect does not renew it.
    budgets.disconnect(network, entered=False)
    clock.now += 1
    budgets.forget_idle()
    assert budgets.connect("192.0.2.7") is network
    clock.now += 12 * 3600
    network.charge_guest(clock.now, 0)
    assert not network.guests_refused
    network.charge_guest(clock.now, 499_000)
    assert not network.guests_refused
    network.charge_guest(clock.now, 2_000)
    assert network.guests_refused


@pytest.mark.parametrize("options", [{"guest_megabytes": 0}, {"trusted": ("192.0.2.0/24",)}])
def test_where_guests_may_send_any_amount(clock, options):
    network = make(clock, **options).connect("192.0.2.7")
    network.charge_guest(clock.now, 10**12)
    assert not network.guests_refused
    local = make(clock).connect("127.0.0.1")
    local.charge_guest(clock.now, 10**12)
    assert not local.guests_refused


def test_a_guest_beyond_the_quota_may_read_and_log_in():
    with serving() as server:
        anna, bob = server.irc("anna"), server.irc("bob")
        bob.send("PRIVMSG NickServ :REGISTER correct-horse-7 *\r\n")
        bob.until(":You are now logged in as bob")

        def use_up() -> None:
            for session in server.server.context.sessions:
                session.budget.network.guests = Budget(server.server.context.now(), Rate(1, 1e-9))

        server.call(use_up)
        anna.send("PRIVMSG #lobby :one\r\nPRIVMSG #lobby :two\r\nPING x\r\n")
        told = anna.until("PONG")
        anna.send("PRIVMSG #lobby :three\r\nTOPIC #lobby :mine\r\nNAMES #lobby\r\nPING y\r\n")
        told = anna.until(":y")
        assert told.count("the guests of your network have sent as much as they may in a day") == 2
        assert " 366 " in told
        bob.send("PRIVMSG #lobby :still here\r\n")
        anna.until("still here")
        anna.send("PRIVMSG NickServ :REGISTER correct-horse-8 *\r\n")
        anna.until("You are now logged in as anna")
        anna.send("PRIVMSG #lobby :four\r\n")
        bob.until("four")


def test_the_rooms_to_which_one_comes_back_cost_ones_network_alone(clock):
    budgets = make(clock, burst=50, rate=5)
    network = budgets.connect("192.0.2.1")
    assert network is not None
    client = ClientBudget(budgets, network)
    for rooms, left in ((40, 50), (40, 50), (90, 30), (20, 10)):
        client.arrive([Join("#tea")] * rooms)
        client.charge(rooms)
        assert client.lines(clock.now, "") == left
    assert network.lines(clock.now) == 1000 - 1 - 190


@pytest.mark.parametrize("caps", ["", "batch draft/chathistory"])
def test_who_comes_to_forty_rooms_has_its_lines_left(caps):
    """Those who can't ask what was said before are told without asking."""
    with serving() as server:
        anna = server.irc("anna")
        (session,) = server.server.context.sessions
        budget = session.budget._own
        server.call(lambda: setattr(budget, "rate", Rate(50, 1e-9)))
        names = [f"#room{number}" for number in range(40)]
        anna.send(f"CAP REQ :{caps}\r\nJOIN {','.join(names)}\r\nPING in\r\n")
        anna.until(":in")
        assert server.call(lambda: budget.level) > 45


def test_a_flood_in_a_large_room_costs_more_of_what_all_share(clock):
    budgets = make(clock, burst=20, rate=10, server_burst=100, server_rate=1)
    network = budgets.connect("192.0.2.1")
    assert network is not None
    client = ClientBudget(budgets, network)
    share = budgets.server.share(clock.now, network)
    client.charge(0, 500)
    assert client.lines(clock.now, "") == 19
    assert share.lines(clock.now) == 100  # few lines: it is not charged
    client.charge(2)
    assert client.lines(clock.now, "") == 17
    client.charge(2, 1000)
    assert client.lines(clock.now, "") == 13
    assert share.lines(clock.now) == 88


def test_a_budget_does_not_fill_while_another_is_waited_for(clock):
    """Else its lines would soon not be charged to what all share."""
    budgets = make(clock, burst=20, rate=10, server_burst=1, server_rate=1)
    network = budgets.connect("192.0.2.1")
    assert network is not None
    client = ClientBudget(budgets, network)
    client.charge(10)
    assert client.lines(clock.now, "") == 1
    waited = client.reserve(clock.now, 4)
    assert waited == 3
    clock.now += waited
    assert client.lines(clock.now, "") == 0
    share = budgets.server.share(clock.now, network)
    share.charge(-100)
    assert client.lines(clock.now, "") == 1  # no more than the server's burst
    share.rate = budgets.server.rate = Rate(100, 1)
    share.charge(-100)
    assert client.lines(clock.now, "") == 6


def test_of_a_guest_each_row_of_the_history_counts():
    with serving() as server:
        anna = server.irc("anna")

        def quota() -> Budget:
            (session,) = server.server.context.sessions
            network = session.budget.network
            if network.guests is None:
                network.guests = Budget(server.server.context.now(), Rate(1_000_000, 1e-9))
            return network.guests

        def used() -> float:
            return 1_000_000 - server.call(lambda: quota().level)

        def used_by(lines: str) -> float:
            before = used()
            anna.send(f"{lines}\r\nPING then\r\n")
            anna.until(" :then\r\n")
            return used() - before

        assert used() == 0
        assert 5 * ROW_BYTES <= used_by("JOIN #tea,#a,#b,#c,#d") < 6 * ROW_BYTES
        assert used_by("PING x\r\n" * 20) < ROW_BYTES
        assert 400 < used_by(f"PRIVMSG #tea :{'x' * 400}") < 500
