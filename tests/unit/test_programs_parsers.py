# SPDX-License-Identifier: GPL-2.0-only
"""What other people's tools print, and what they print when something is wrong."""

import pytest

from artifact.errors import ArtifactError
from artifact.programs import nginx, redis, sqlite
from artifact.programs.cases import Outcome

SUITE = """\
Cleanup: may take some time... OK
Testing unit/type/string
\x1b[34m[ready]\x1b[0m: 42
[\x1b[32mok\x1b[0m]: SET and GET an item (12 ms)
[\x1b[32mok\x1b[0m]: SET and GET an item (2 ms)
[\x1b[31merr\x1b[0m]: MGET in tests/unit/type/string.tcl
Expected 'a' to be equal to 'b'
[\x1b[36mignore\x1b[0m]: DEBUG RELOAD: Tag: needs:save denied
[1/2 done]: unit/type/string (3 seconds)
Testing unit/multi
[exception]: Executing test client: I/O error.
"""


def test_the_suite_of_redis() -> None:
    results = [*redis.parse(SUITE)]
    assert [(r.case, r.outcome) for r in results] == [
        ("unit/type/string: SET and GET an item", Outcome.PASS),
        ("unit/type/string: SET and GET an item #2", Outcome.PASS),
        ("unit/type/string: MGET", Outcome.FAIL),
        ("unit/type/string: DEBUG RELOAD: Tag: needs:save denied", Outcome.SKIP),
        ("unit/multi: Executing test client: I/O error.", Outcome.ERROR),
    ]
    assert results[0].seconds == 0.012
    assert results[2].reason == "unit/type/string.tcl"
    assert [*redis.parse("no test at all")] == []


def test_the_benchmark_of_redis() -> None:
    text = '"test","rps","avg_latency_ms"\n"SET","53475.94","0.5"\n"GET","37105.75","0.6"\n'
    assert redis.parse_benchmark(text, ["get", "set"]) == {"set": 53475.94, "get": 37105.75}
    with pytest.raises(ArtifactError, match="no result of ping"):
        redis.parse_benchmark(text, ["ping"])
    with pytest.raises(ArtifactError, match="redis-benchmark: Error from server: ERR x"):
        redis.parse_benchmark("Error from server: ERR x\n" + text, ["get"])
    with pytest.raises(ArtifactError, match="said"):
        redis.parse_benchmark('"GET","fast"', ["get"])


WRK = """\
Running 2s test @ http://127.0.0.1:80/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   385.45us  241.44us  10.41ms   95.03%
    Req/Sec    41.77k     2.66k   45.31k    90.00%
  83116 requests in 2.00s, 104.05MB read
Requests/sec:  41552.48
"""


def test_wrk() -> None:
    good = nginx.parse_wrk(WRK)
    assert (good.requests, good.seconds, good.errors) == (83116, 2.0, 0)
    assert (good + good).rate == 41558
    bad = "  Socket errors: connect 0, read 5, write 0, timeout 2\n"
    assert nginx.parse_wrk(WRK + bad).errors == 7
    assert nginx.parse_wrk(WRK + "  Non-2xx or 3xx responses: 9\n").errors == 9
    assert nginx.parse_wrk("  60 requests in 1.50m, 1MB read").seconds == 90
    with pytest.raises(ArtifactError, match="wrk said 'unable to connect'"):
        nginx.parse_wrk("unable to connect\n")


def test_the_speed_test_of_sqlite() -> None:
    text = "       TOTAL.......................................... 2.222s\n"
    hashed = "Verification Hash: 1770470 19f033c0ab47\n"
    assert sqlite.parse_speedtest(text + hashed) == ("1770470 19f033c0ab47", 2.222)
    for part in (text, hashed):
        with pytest.raises(ArtifactError, match="speedtest1 said"):
            sqlite.parse_speedtest(part)
