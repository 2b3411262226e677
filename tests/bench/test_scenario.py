from dataclasses import replace

import pytest

from asyncchat.bench.scenario import SCENARIOS, Scenario, ScenarioError, find, load_script, parse_script


def test_the_scenarios_are_those_of_the_documentation():
    sizes = {
        each.name: (each.clients, each.rooms, each.senders, each.window, each.rate)
        for each in SCENARIOS.values()
    }
    assert sizes == {
        "room": (200, 1, 10, 8, None),
        "big-room": (1000, 1, 10, 8, None),
        "huge-room": (5000, 1, 5, 8, None),
        "rooms": (1000, 100, 100, 4, None),
        "steady": (200, 1, 10, None, 500.0),
        "tls": (200, 1, 10, None, 500.0),
        "light": (100, 1, 10, None, 10.0),
        "idle": (10_000, 100, 0, None, None),
        "churn": (60, 1, 50, None, None),
        "web": (1000, 1, 10, 8, None),
        "huge-web": (10_000, 1, 5, 8, None),
        "api": (16, 1, 0, None, None),
        "search": (1, 1, 0, None, None),
        "history": (1, 1, 0, None, None),
        "take-over": (30, 1, 6, None, 100.0),
    }
    assert {(each.surface, each.payload, each.filler) for each in SCENARIOS.values()} == {
        ("irc", 64, "same"),
        ("tls", 64, "same"),
        ("websocket", 100, "words"),
        ("http", 100, "words"),
        ("archive", 64, "same"),
        ("cluster", 64, "same"),
    }


def test_a_wrong_name_gets_a_suggestion():
    with pytest.raises(ScenarioError, match="did you mean big-room"):
        find("bigroom")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clients": 0}, "clients must be"),
        ({"rooms": 0}, "rooms must be"),
        ({"rooms": 201}, "rooms must be"),
        ({"senders": 0}, "senders must be at least 1"),
        ({"senders": 200}, "only listens"),
        ({"payload": 10}, "payload must be"),
        ({"payload": 500}, "payload must be"),
        ({"seconds": 0}, "seconds must be"),
        ({"seconds": 1e9}, "seconds must be"),
        ({"seconds": float("nan")}, "seconds must be"),
        ({"warmup": -1}, "warmup must be"),
        ({"window": 0}, "window must be"),
        ({"window": None}, "either window or rate"),
        ({"rate": 5.0}, "either window or rate"),
        ({"window": None, "rate": 0.0}, "rate must be"),
        ({"arrivals": "odd"}, "arrivals must be"),
        ({"kind": "idle"}, "senders must be 0"),
        ({"surface": "smoke"}, "surface must be"),
        ({"surface": "websocket", "kind": "churn", "window": None}, "churn needs the surface irc"),
        ({"surface": "http"}, "post goes with the surface http alone"),
        ({"kind": "post", "surface": "http", "window": None}, "senders must be 0"),
        ({"filler": "odd"}, "filler must be same, words, json"),
    ],
)
def test_what_cannot_be_run_is_refused(change, said):
    with pytest.raises(ScenarioError, match=said):
        replace(SCENARIOS["room"], **change)


def test_a_script_is_a_list_of_phases(tmp_path):
    path = tmp_path / "script.toml"
    path.write_text(
        """
        [[phase]]
        name = "quiet"
        clients = 20
        senders = 2
        rate = 10
        arrivals = "poisson"
        seconds = 3

        [[phase]]
        clients = 40
        rooms = 2
        senders = 4
        window = 2
        payload = 100
        warmup = 0.5
        """
    )
    assert load_script(path) == (
        Scenario("quiet", clients=20, senders=2, rate=10.0, arrivals="poisson", seconds=3.0),
        Scenario("phase 2", clients=40, rooms=2, senders=4, window=2, payload=100, warmup=0.5),
    )


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ({}, r"at least one table \[\[phase\]\]"),
        ({"phase": []}, "at least one"),
        ({"phase": [3]}, "at least one"),
        ({"phases": []}, "unknown key phases; did you mean phase"),
        ({"phase": [{"clientes": 5}]}, "phase 1: unknown key clientes; did you mean clients"),
        ({"phase": [{"zzz": 5}]}, "unknown key zzz; there is name, clients"),
        ({"phase": [{"senders": 5}]}, "clients is missing"),
        ({"phase": [{"clients": "5"}]}, "clients must be a whole number"),
        ({"phase": [{"clients": 5.5}]}, "clients must be a whole number"),
        ({"phase": [{"clients": True}]}, "clients must be a whole number"),
        ({"phase": [{"clients": 5, "rate": "x"}]}, "rate must be a number"),
        ({"phase": [{"clients": 5, "name": 3}]}, "name must be a text"),
        ({"phase": [{"clients": 5, "senders": 1}]}, "either window or rate"),
    ],
)
def test_a_wrong_script_is_refused(script, said):
    with pytest.raises(ScenarioError, match=said):
        parse_script(script)


def test_an_unreadable_script_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match="cannot read"):
        load_script(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[[phase")
    with pytest.raises(ScenarioError, match="is not TOML"):
        load_script(tmp_path / "bad.toml")


def test_a_scenario_says_what_it_does():
    assert SCENARIOS["room"].timed(3, None).describe() == (
        "1 room, 200 clients, 10 senders, window 8, 64-byte texts; 3 s after 2 s of warm-up"
    )
    assert "500 messages/s (even)" in SCENARIOS["steady"].describe()
    assert "nobody sends" in SCENARIOS["idle"].describe()
    assert "again and again" in SCENARIOS["churn"].describe()
