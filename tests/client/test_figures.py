"""What is shown of two answers of /metrics."""

from asyncchat.client.figures import Figures, as_lines, as_values

FIRST = """\
# HELP asyncchat_info This version.
asyncchat_info{version="0.1.0"} 1.0
asyncchat_people 3.0
asyncchat_records_total 100.0
asyncchat_delivery_delay_seconds_bucket{le="0.001"} 10.0
asyncchat_delivery_delay_seconds_bucket{le="0.005"} 10.0
asyncchat_delivery_delay_seconds_bucket{le="+Inf"} 10.0
asyncchat_http_request_seconds_bucket{le="0.001",status="2xx"} 1.0
asyncchat_http_request_seconds_bucket{le="+Inf",status="2xx"} 1.0
asyncchat_limits_hit_total{limit="lines"} 0.0
"""

SECOND = """\
asyncchat_info{version="0.1.0"} 1.0
asyncchat_people 1234.0
asyncchat_sessions 1300.0
asyncchat_records_total 300.0
asyncchat_start_time_seconds 1000.0
asyncchat_resident_memory_bytes 2.5e+09
asyncchat_delivery_delay_seconds_bucket{le="0.001"} 106.0
asyncchat_delivery_delay_seconds_bucket{le="0.005"} 109.0
asyncchat_delivery_delay_seconds_bucket{le="+Inf"} 110.0
asyncchat_http_request_seconds_bucket{le="0.001",status="2xx"} 2.0
asyncchat_http_request_seconds_bucket{le="+Inf",status="2xx"} 3.0
asyncchat_http_request_seconds_bucket{le="0.001",status="4xx"} 1.0
asyncchat_http_request_seconds_bucket{le="+Inf",status="4xx"} 2.0
asyncchat_limits_hit_total{limit="lines"} 7.0
asyncchat_loop_blocks_total 2.0
asyncchat_loop_blocked_seconds_total 0.25
nonsense
"""

BEFORE, NOW = Figures(FIRST, 10.0), Figures(SECOND, 20.0)


def test_rates_are_of_the_time_between():
    assert NOW.rate("records_total", BEFORE) == 20.0
    assert NOW.rate("writes_total", BEFORE) == 0.0
    assert BEFORE.rate("records_total", NOW) == 0.0  # the server was started again


def test_quantiles_are_the_bounds_of_what_came_between():
    assert NOW.quantiles("delivery_delay_seconds", BEFORE, 0.5, 0.97, 0.995) == (
        10.0,
        [0.001, 0.005, float("inf")],
    )
    assert NOW.quantiles("http_request_seconds", BEFORE, 0.5) == (0.4, [0.001])  # of all statuses
    assert NOW.quantiles("commit_seconds", BEFORE, 0.5) == (0.0, [])
    assert NOW.quantiles("delivery_delay_seconds", NOW, 0.5) == (0.0, [])


def test_a_screen():
    rooms = [{"name": "#ci", "members": 2}, {"name": "#lobby", "members": 1200}, {"name": "#a", "members": 2}]
    screen = as_lines(NOW, BEFORE, "chat.example:1234", rooms, 1000.0 + 90_000)
    assert screen == [
        "asyncchat 0.1.0 at chat.example:1234, up 1 d 1 h",
        "",
        "people 1,234   connections 1,300   rooms 0   memory 2.5 GB   descriptors 0",
        "",
        "              a second         p50         p99",
        "records           20.0",
        "writes             0.0",
        "delivery          10.0      ≤ 1 ms      ≤ 5 ms",
        "commits            0.0",
        "loop lag           0.0",
        "HTTP               0.4      ≤ 1 ms        more",
        "",
        "since the start   waits for lines 7   too many connections 0   server full 0   guests' quota 0",
        "                  slow readers 0   standstills 2 (0.25 s)",
        "",
        "#lobby 1,200   #a 2   #ci 2",
    ]
    assert "The history can't be written." in as_lines(
        Figures(f"{SECOND}asyncchat_storage_failing 1.0\n", 20.0), BEFORE, "x", [], 1000.0
    )


def test_values_for_programs():
    told = as_values(NOW, BEFORE)
    assert told["people"] == 1234
    assert told["records_per_second"] == 20.0
    assert told["delivery"] == {"per_second": 10.0, "p50": 0.001, "p99": 0.005}
    assert told["commits"] == {"per_second": 0.0, "p50": None, "p99": None}
    assert told["http"]["p99"] is None  # above all bounds
    assert told["limits_hit"] == {"lines": 7}
