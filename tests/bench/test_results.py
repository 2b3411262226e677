import pytest

from asyncchat.bench import results
from asyncchat.bench.metrics import Metrics
from asyncchat.bench.results import Comparison, Results, Series
from asyncchat.bench.scenario import SCENARIOS
from asyncchat.errors import AsyncChatError


def made(faults: str = "") -> Results:
    def runs(price: float) -> list[Metrics]:
        return [
            Metrics("room", {"cpu_us": price + each, "p50_ms": 1.0}, faults, [], ["note"],
                    [(0.0, 0.1), (50.0, 1.0), (99.0, 5.0)], "v")
            for each in range(3)
        ]  # fmt: skip

    return Results(
        [
            Comparison(
                SCENARIOS["room"],
                [Series("asyncchat", "0.1.0", runs(1.0)), Series("<peer>", None, runs(3.0))],
            )
        ],
        {"runs": "3"},
    )


def test_json_round_trip():
    assert results.parse(made().dump()) == made()


def test_any_fault_shows():
    assert not made().faulty()
    assert made("1 lost").faulty()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "3", '{"format": 99}', '{"format": 1, "comparisons": [{}]}']
)
def test_other_files_are_refused(text, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(AsyncChatError, match="cannot read"):
        results.load(path)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(AsyncChatError, match=r"cannot read .*none\.json: No such file"):
        results.load(tmp_path / "none.json")


def test_an_earlier_result_of_the_same_size_is_found():
    [series] = results.recorded([made()], SCENARIOS["room"].timed(3, 1))
    assert series.title == "asyncchat (recorded) 0.1.0"
    with pytest.raises(AsyncChatError, match="no scenario light of the same size"):
        results.recorded([made()], SCENARIOS["light"])


def test_a_version_that_has_the_name_in_it_is_the_title():
    assert Series("inspircd", "InspIRCd-3.15", []).title == "InspIRCd-3.15"
    assert Series("irc://h:1", None, []).title == "irc://h:1"
