from xml.etree import ElementTree

from asyncchat.bench import plot
from asyncchat.bench.metrics import Metrics
from asyncchat.bench.results import Comparison, Results, Series
from asyncchat.bench.scenario import SCENARIOS

SVG = "{http://www.w3.org/2000/svg}"


def test_the_chart_is_well_formed_with_a_curve_and_a_bar_for_each_server():
    def runs(price: float) -> list[Metrics]:
        return [Metrics("room", {"cpu_us": price}, curve=[(0.0, 0.1), (50.0, 1.0), (100.0, 50.0)])]

    room = Comparison(SCENARIOS["room"], [Series("a & <b>", None, runs(1.0)), Series("c", None, runs(2.0))])
    idle = Comparison(SCENARIOS["idle"], [Series("c", None, [Metrics("idle", {"memory_kib": 4.0})])])
    root = ElementTree.fromstring(plot.svg(Results([room, idle])))  # noqa: S314  # our own text
    assert len(root.findall(f".//{SVG}polyline")) == 2
    assert len(root.findall(f".//{SVG}g")[0].findall(f"{SVG}rect")) == 2
    assert any("a & <b>" in (each.text or "") for each in root.iter(f"{SVG}text"))


def test_nothing_measured_is_an_empty_chart():
    empty = Comparison(SCENARIOS["room"], [Series("a", None, [Metrics("room", {})])])
    assert ElementTree.fromstring(plot.svg(Results([empty]))).tag == f"{SVG}svg"  # noqa: S314  # our own text
    assert ElementTree.fromstring(plot.svg(Results())).tag == f"{SVG}svg"  # noqa: S314  # our own text


def test_values_over_time():
    chart = plot.over_time(
        {"memory": [(0.0, 1.0), (1.0, 3.0), (2.0, 2.0)], "tasks": [], "none": [(0.0, 0.0)]}
    )
    root = ElementTree.fromstring(chart)  # noqa: S314  # our own text
    lines = [line.get("points", "").split() for line in root.iter(f"{SVG}polyline")]
    assert [len(line) for line in lines] == [3, 0, 1]
    assert lines[0][1].endswith(",24.0")  # the highest value is at the top
