from dataclasses import replace

import pytest

from asyncchat.bench.load import Mark, Outcome
from asyncchat.bench.metrics import (
    CURVE,
    Metrics,
    churn_metrics,
    idle_metrics,
    load_metrics,
    median,
    percentiles,
)
from asyncchat.bench.scenario import SCENARIOS
from asyncchat.bench.verify import Faults, Samples

BEGIN = Mark(at=100.0, server_cpu=5.0, generator_cpu=1.0, delivered=1000, sent=10, machine_cpu=50.0, spun=0.0)
END = Mark(
    at=110.0, server_cpu=11.0, generator_cpu=3.0, delivered=2_001_000, sent=10_010, machine_cpu=59.0, spun=1.0
)


def outcome(end: Mark = END, **more) -> Outcome:
    samples = Samples()
    for latency in (1000, 2000, 3000):
        samples.add(0, latency)
    return Outcome(BEGIN, end, Faults(), [samples], 1, **more)


def test_the_figures_of_a_load():
    metrics = load_metrics(SCENARIOS["room"], outcome())
    values = metrics.values
    assert values["cpu_us"] == pytest.approx(3.0)
    assert values["deliveries_per_s"] == pytest.approx(200_000)
    assert values["messages_per_s"] == pytest.approx(1000)
    assert values["server_busy"] == pytest.approx(60)
    assert values["generator_busy"] == pytest.approx(20)
    assert values["generator_us"] == pytest.approx(1.0)
    assert values["p50_ms"] == pytest.approx(2.0, rel=0.002)
    assert values["max_ms"] == pytest.approx(3.0, rel=0.002)
    assert metrics.notes == ["latency of all messages to 1 of 200 clients"]
    assert metrics.faults == ""


def test_the_bytes_of_a_delivery():
    received = replace(END, received=BEGIN.received + 200_000_000)
    assert load_metrics(SCENARIOS["room"], outcome(received)).values["bytes"] == pytest.approx(100)


def test_a_busy_generator_is_said_to_be_the_bottleneck():
    busy = replace(END, generator_cpu=10.8, machine_cpu=67.0)
    [note] = load_metrics(SCENARIOS["room"], outcome(busy)).notes[1:]
    assert "the generator was the bottleneck (its core 98% busy, the server's 60%)" in note
    assert "CPU a delivery is the server's at this rate" in note
    both = replace(busy, server_cpu=14.9, machine_cpu=71.0)
    assert len(load_metrics(SCENARIOS["room"], outcome(both)).notes) == 1


def test_a_closed_loop_in_which_all_wait_is_said():
    idle = replace(END, server_cpu=6.0, machine_cpu=53.5)
    [note] = load_metrics(SCENARIOS["room"], outcome(idle)).notes[1:]
    assert note.startswith("neither the server (10% of a core) nor the generator (20%) was busy")
    assert len(load_metrics(SCENARIOS["steady"], outcome(replace(idle, sent=5010))).notes) == 1


def test_a_missed_rate_is_said():
    notes = load_metrics(SCENARIOS["steady"], outcome(replace(END, sent=4010))).notes
    assert "the rate was not reached: 400 of 500 messages/s were sent" in notes
    notes = load_metrics(SCENARIOS["steady"], outcome(behind=3.0, late=0.2)).notes
    assert "the server was 3.0 s behind at the end: it cannot sustain this rate" in notes
    assert "the generator sent up to 200 ms late; the latency includes that" in notes


def test_other_programs_are_said_to_disturb():
    notes = load_metrics(SCENARIOS["room"], outcome(replace(END, machine_cpu=64.0))).notes
    assert "other programs used 50% of a core meanwhile, which distorts rates and latencies" in notes


def test_another_order_is_said():
    assert any(
        "in another order" in note for note in load_metrics(SCENARIOS["room"], outcome(separate=3)).notes
    )


def test_without_a_process_the_price_is_missing():
    begin, end = replace(BEGIN, server_cpu=None), replace(END, server_cpu=None)
    values = load_metrics(SCENARIOS["room"], Outcome(begin, end, Faults())).values
    assert "cpu_us" not in values
    assert "p50_ms" not in values


def test_faults_come_in_words():
    metrics = load_metrics(SCENARIOS["room"], replace(outcome(), faults=Faults(lost=2, examples=["x"])))
    assert (metrics.faults, metrics.examples) == ("2 lost", ["x"])


def test_a_churn_is_priced_by_the_session():
    values = churn_metrics(SCENARIOS["churn"], Outcome(BEGIN, END, Faults(), sessions=1000)).values
    assert values["sessions_per_s"] == pytest.approx(100)
    assert values["session_cpu_us"] == pytest.approx(6000)
    assert "cpu_us" not in values


def test_idle_has_a_share_of_a_core():
    assert idle_metrics(SCENARIOS["idle"], 1.0, 1.5).values["server_busy"] == pytest.approx(10)
    assert idle_metrics(SCENARIOS["idle"], None, None).values == {}


def test_the_median_of_runs():
    runs = [
        Metrics("room", {"a": 1.0, "b": 5.0}, "", [], ["3 of 5"], [(50.0, 1.0)], "v1"),
        Metrics("room", {"a": 9.0}, "1 lost", ["line"], ["4 of 5"], [(50.0, 3.0)], "v1"),
        Metrics("room", {"a": 2.0}, "", [], ["other"], [(50.0, 2.0)], "v1"),
    ]
    found = median(runs)
    assert found.values == {"a": 2.0, "b": 5.0}
    assert found.faults == "1 lost"
    assert found.notes == ["4 of 5", "other"]
    assert found.curve == [(50.0, 2.0)]
    assert (found.examples, found.version) == (["line"], "v1")


def test_percentiles_over_all_samples_in_milliseconds():
    samples = [range(1, 501), range(501, 1001)]
    found = percentiles(samples, (50.0, 99.0, 100.0))
    assert found == pytest.approx([0.5, 0.99, 1.0], rel=0.002)


def test_without_samples_there_are_none():
    assert percentiles([[], []], (50.0,)) == []


def test_what_is_too_small_or_too_large_counts_at_the_end():
    assert percentiles([[0, 10**12]], (1.0, 100.0)) == pytest.approx([0.001, 3_600_000], rel=0.002)


def test_the_curve_goes_on_to_the_end():
    assert CURVE[0] == 0
    assert CURVE[-1] > 99.99
    assert list(CURVE) == sorted(CURVE)
