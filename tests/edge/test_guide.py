"""The numbers and the arithmetic in the guide for ports are those of a bundle."""

import bisect
import json
import math
import re
import statistics
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lanhar.edge.bundle import PREPROCESSING, read_bundle
from lanhar.edge.resampling_vectors import resampling_vectors
from lanhar.signals.units import STANDARD_GRAVITY_M_S2

GUIDE = Path(__file__).parents[2] / "docs" / "on_device.md"


@pytest.fixture(scope="module")
def guide():
    return GUIDE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def settings(built):
    return json.loads((built.folder / PREPROCESSING).read_text())


def numbers(text, pattern):
    found = re.findall(pattern, text)
    assert found, pattern
    return {float(number.replace(",", "")) for number in found}


def test_the_snippets_feed_what_the_graph_takes(guide, settings):
    kotlin, swift = (re.search(rf"```{name}\n(.*?)```", guide, re.DOTALL)[1] for name in ("kotlin", "swift"))
    assert re.search(r"longArrayOf\((\d+), (\d+)\)", kotlin).groups() == tuple(map(str, settings["input"]["shape"]))
    assert re.search(r"shape: \[(\d+), (\d+)\]", swift).groups() == tuple(map(str, settings["input"]["shape"]))
    for code in (kotlin, swift):
        assert f'"{settings["input"]["name"]}"' in code
        assert f"// {settings['window_samples']} × 6" in code
    assert f'output["{settings["output"]["name"]}"]' in swift


def test_the_preprocessing_in_words_is_the_preprocessing_as_data(guide, settings):
    resampling = settings["resampling"]
    assert numbers(guide, r"`start \+ n / (\d+)`") == {settings["rate_hz"]}
    assert numbers(guide, r"deviceMotionUpdateInterval = 1 / (\d+)") == {settings["rate_hz"]}
    assert numbers(guide, r"or ([\d,]+) µs") == {1e6 / settings["rate_hz"]}
    assert numbers(guide, r"sinc\(([\d.]+)·f·d\)") == {resampling["cutoff_share_of_lower_nyquist"]}
    assert numbers(guide, r"kaiser(\d+)\(") == {resampling["window"]["beta"]}
    assert numbers(guide, r"/ \((\d+) / f\)\)") == {resampling["reach_in_periods_of_lower_rate"]}
    assert numbers(guide, r"The last (\d+) samples") == {settings["window_samples"]}
    assert numbers(guide, r"samples \((\d+) s;") == {settings["window_s"]}
    assert numbers(guide, r"× −([\d.]+)`") == {STANDARD_GRAVITY_M_S2}


def test_the_kotlin_has_the_numbers_of_the_preprocessing(guide, settings):
    (kotlin,) = (code for code in re.findall(r"```kotlin\n(.*?)```", guide, re.DOTALL) if "fun window(" in code)
    resampling = settings["resampling"]
    assert numbers(kotlin, r"PI \* ([\d.]+) \* low") == {resampling["cutoff_share_of_lower_nyquist"]}
    assert numbers(kotlin, r"bessel\((\d+) \*") == {resampling["window"]["beta"]}
    reach = numbers(kotlin, r"(\d+) / low") | numbers(kotlin, r"low / (\d+)\)")
    assert reach == {resampling["reach_in_periods_of_lower_rate"]}
    assert numbers(kotlin, r"(\d\d\.0)\b") == {settings["rate_hz"]}
    assert numbers(kotlin, r"(?:FloatArray\(|until )(\d\d+)") == {settings["window_samples"]}


def test_what_is_refused_in_words_is_what_is_refused(guide, settings):
    assert numbers(guide, r"more than (\d+) periods") == {settings["gaps"]["sampling_periods"]}
    assert numbers(guide, r"periods \(and ([\d.]+) s\)") == {settings["gaps"]["but_at_least_s"]}
    low, high = settings["accepted_rates_hz"]
    assert f"below {low:g} or above {high:g} samples a second" in guide


def rate_of(times):
    """The guide's Kotlin, line by line; round() is to even there and here."""
    steps = [later - one for one, later in pairwise(times)]
    median = statistics.median(steps)
    return float(round(1 / statistics.fmean(step for step in steps if step < 1.5 * median)))


def at(track, axis, time):
    times, values = track["time_s"], track["values"]
    later = bisect.bisect_left(times, time)
    if later in (0, len(times)):
        return values[min(later, len(times) - 1)][axis]
    share = (time - times[later - 1]) / (times[later] - times[later - 1])
    return values[later - 1][axis] + share * (values[later][axis] - values[later - 1][axis])


def bessel(x):
    term, total, k = 1.0, 0.0, 1
    while term > 1e-17:
        total, term, k = total + term, term * (x / 2 / k) ** 2, k + 1
    return total


def weight(apart, low):
    if abs(apart) > 20 / low:
        return 0.0
    x = math.pi * 0.9 * low * apart
    sinc = math.sin(x) / x if x else 1.0
    return sinc * bessel(8 * math.sqrt(max(0.0, 1 - (apart * low / 20) ** 2)))


def window_of(acc, gyro, start_s):
    rate = max(rate_of(acc["time_s"]), rate_of(gyro["time_s"]))
    low = min(rate, 50.0)
    rows = []
    for n in range(300):
        clock = range(math.ceil((n / 50 - 20 / low) * rate), math.floor((n / 50 + 20 / low) * rate) + 1)
        if rate == 50:
            clock = range(n, n + 1)
        weights = [1.0 if rate == 50 else weight(n / 50 - k / rate, low) for k in clock]
        row = []
        for track in (acc, gyro):
            for axis in range(3):
                values = [at(track, axis, start_s + k / rate) for k in clock]
                row.append(sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights))
        rows.append(row)
    return rows


def test_the_arithmetic_of_the_guide_gives_the_windows_of_the_vectors(built):
    window = np.array(built.windows.samples[0])
    vectors = resampling_vectors(window, read_bundle(built.folder).preprocessing)
    assert [rate_of(vector["gyroscope"]["time_s"]) for vector in vectors] == [50, 40, 100]
    for vector in json.loads(json.dumps(vectors)):
        made = window_of(vector["accelerometer"], vector["gyroscope"], vector["start_s"])
        np.testing.assert_allclose(made, vector["window"], atol=1e-4)
