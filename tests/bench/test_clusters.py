"""Short loads of clusters: real nodes, with a real server of NATS."""

from dataclasses import replace

import pytest

from asyncchat.bench.clusters import Cluster
from asyncchat.bench.run import Settings, compare, run
from asyncchat.bench.scenario import SCENARIOS, Scenario, ScenarioError
from asyncchat.bench.servers import Own
from tests.cluster.nats import binary


@pytest.fixture(autouse=True)
def needs_nats():
    pytest.importorskip("nats", reason="needs nats-py")
    binary()


def once(target, scenario):
    [(_, metrics)] = run(target, [scenario], Settings(), lambda _text: None)
    return metrics


def test_clients_are_spread_over_the_nodes():
    metrics = once(
        Cluster(2), Scenario("few", clients=8, senders=4, rooms=2, rate=50, seconds=0.5, warmup=0.1)
    )
    assert not metrics.faults
    for key in ("within_p50_ms", "across_p99_ms", "hub_us", "nodes_us", "nats_us", "cpu_us", "memory_kib"):
        assert metrics.values[key] > 0
    assert "replay_per_s" not in metrics.values  # these are too few


def test_what_is_said_while_the_hub_is_lost_comes_once():
    metrics = once(Cluster(2), replace(SCENARIOS["take-over"], clients=4, senders=2, seconds=0.5, warmup=0.1))
    assert not metrics.faults
    assert metrics.values["takeover_ms"] > 0
    assert "cpu_us" not in metrics.values


def test_one_node_has_no_take_over():
    scenario = SCENARIOS["take-over"]
    with pytest.raises(ScenarioError, match="none of these servers can be loaded so"):
        compare([[scenario]], [Own(), Cluster(1)], Settings(), runs=1, progress=lambda _text: None)
