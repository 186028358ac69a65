"""Contenders run in turn; a ratio is of medians, and its interval knows how sure it is."""

from __future__ import annotations

import numpy as np

from ember_embodied.bench import interleaved
from ember_embodied.bench.interleaved import cold, ratio_claim, warm


def test_every_contender_runs_in_every_round_after_calls_of_its_own():
    calls: list[str] = []
    times = warm({name: lambda name=name: calls.append(name) for name in "ab"}, rounds=3)
    own = interleaved.WARM_CALLS + 1
    assert calls == ["a"] * own + ["b"] * own * 2 + ["a"] * own * 2 + ["b"] * own
    assert {name: len(us) for name, us in times.items()} == {"a": 3, "b": 3}
    assert all(us >= 0.0 for row in times.values() for us in row)


def test_the_caches_are_streamed_over_before_each_cold_call(monkeypatch):
    streamed: list[int] = []
    add = np.add
    monkeypatch.setattr(np, "add", lambda x, *a, **k: (streamed.append(x.nbytes), add(x, *a, **k)))
    monkeypatch.setattr(interleaved, "FLUSH_BYTES", 1 << 10)
    times = cold({"a": lambda: None, "b": lambda: None}, rounds=4)
    assert streamed == [1 << 10] * 8
    assert len(times["a"]) == len(times["b"]) == 4


def test_a_ratio_is_of_summed_medians_and_is_judged():
    times = {"step": [30.0, 40.0, 32.0], "read": [10.0, 9.0, 11.0], "empty": [6.0, 6.0, 60.0]}
    found = ratio_claim("r", ["step"], ["read", "empty"], times, "<= 1.9")
    assert found.value == 32.0 / 16.0
    assert found.holds is False
    assert found.n == 3


def test_the_interval_of_a_ratio_covers_it_and_narrows_with_rounds():
    rng = np.random.default_rng(4)

    def width(rounds: int) -> float:
        load = rng.gamma(4.0, 1.0, rounds)
        times = {"a": list(3.0 * load * rng.uniform(0.9, 1.1, rounds)), "b": list(load)}
        found = ratio_claim("a over b", ["a"], ["b"], times)
        low, high = found.interval or (0.0, 0.0)
        assert low <= 3.0 <= high
        return high - low

    assert width(2000) < 0.5 * width(50)
    exact = ratio_claim("a over b", ["a"], ["b"], {"a": [6.0] * 9, "b": [2.0] * 9})
    assert exact.interval == (3.0, 3.0)
