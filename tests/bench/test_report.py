from asyncchat.bench.metrics import Metrics
from asyncchat.bench.report import table
from asyncchat.bench.results import Comparison, Results, Series
from asyncchat.bench.scenario import SCENARIOS


def series(name: str, faults: str = "", **values: float) -> Series:
    return Series(name, "1.0", [Metrics("room", values, faults, ["a line"] if faults else [], ["a note"])])


def test_the_table_sets_the_first_against_the_others():
    found = table(Results([Comparison(SCENARIOS["room"], [
        series("ours", cpu_us=0.25, deliveries_per_s=1_234_567.0, server_busy=50.0),
        series("theirs", cpu_us=0.5, deliveries_per_s=617_283.5, server_busy=25.0),
    ])]))  # fmt: skip
    lines = {line.split("  ")[1]: line.split() for line in found.splitlines() if line.startswith("  ")}
    assert lines["server CPU a delivery, us"][-3:] == ["0.250", "0.500", "0.50"]
    assert lines["deliveries, 1/s"][-3:] == ["1,234,567", "617,284", "2.00"]
    assert lines["server's core busy, %"][-2:] == ["50.0", "25.0"]
    assert "all once, in order" in found
    assert "ours 1.0: a note" in found


def test_a_ratio_of_several_runs_has_its_spread():
    def runs(name: str, *values: float) -> Series:
        return Series(name, "1.0", [Metrics("room", {"cpu_us": value}, "", [], []) for value in values])

    found = table(
        Results([Comparison(SCENARIOS["room"], [runs("a", 1.0, 2.0, 3.0), runs("b", 2.0, 1.6, 4.0)])])
    )
    assert "1.00 (0.50 to 1.25)" in found


def test_what_was_not_measured_is_a_dash():
    found = table(
        Results([Comparison(SCENARIOS["room"], [series("a", cpu_us=1.0), series("b", p50_ms=1.0)])])
    )
    assert "server CPU a delivery, us" in found
    assert "1.000" in found
    assert "   -" in found


def test_faults_are_said_in_plain_words():
    found = table(Results([Comparison(SCENARIOS["room"], [series("ours", faults="3 lost", cpu_us=1.0)])]))
    assert "FAULTY" in found
    assert "! ours 1.0: 3 lost\n    a line" in found
