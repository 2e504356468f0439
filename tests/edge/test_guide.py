"""The numbers in the guide for ports are those of a bundle."""

import json
import re
from pathlib import Path

import pytest

from lanhar.edge.bundle import PREPROCESSING
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


def test_what_is_refused_in_words_is_what_is_refused(guide, settings):
    assert numbers(guide, r"more than (\d+) periods") == {settings["gaps"]["sampling_periods"]}
    assert numbers(guide, r"periods \(and ([\d.]+) s\)") == {settings["gaps"]["but_at_least_s"]}
    low, high = settings["accepted_rates_hz"]
    assert f"below {low:g} or above {high:g} samples a second" in guide
