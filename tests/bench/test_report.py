from asyncchat.bench.metrics import Metrics
from asyncchat.bench.report import in_document, table
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


def compared() -> Results:
    ours, theirs = series("ours", cpu_us=0.25, p99_ms=2.0), series("theirs", cpu_us=0.5)
    alone = [series("ours", p50_ms=1.0)]
    return Results(
        [Comparison(SCENARIOS["room"], [ours, theirs]), Comparison(SCENARIOS["light"], alone)],
        {"date": "2026-01-02", "caps": ""},
    )


def test_a_table_for_a_document():
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in in_document(compared(), "").splitlines()
        if "|" in line
    ]
    assert rows[0] == ["scenario", "measure", "ours 1.0", "theirs 1.0", "ratio"]
    assert rows[2][0].startswith("`room`: 1 room, 200 clients")
    assert [row[1:] for row in rows[2:]] == [
        ["server CPU a delivery, us", "0.250", "0.500", "0.50"],
        ["latency p99, ms", "2.000", "-", ""],
        ["latency p50, ms", "1.000", "-", "-"],
    ]
    assert "Measured with date 2026-01-02. A ratio below 1" in in_document(compared(), "")


def test_only_the_table_of_a_document_is_made_anew():
    document = "# Figures\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nend\n"
    made = in_document(compared(), document)
    assert made.startswith("# Figures\n<!-- bench: begin -->\n| scenario ")
    assert made.endswith(".\n<!-- bench: end -->\nend\n")
    assert "old" not in made
    assert in_document(compared(), made) == made
