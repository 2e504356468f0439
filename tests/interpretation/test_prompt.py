import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lanhar.activities import REGISTRY
from lanhar.errors import LanharError
from lanhar.interpretation.filter.verdict import Reason
from lanhar.interpretation.prompt import (
    LONGEST_PREVIOUS,
    LabelPrompt,
    Message,
    WindowPrompt,
    feedback,
    judge_messages,
    prompt_version,
)
from lanhar.interpretation.prompt_template import word_scales
from lanhar.interpretation.rules import DECIMALS
from lanhar.interpretation.schema import FIELDS
from lanhar.signals.table import BY_NAME, FEATURES, HEADINGS, PROMPT_FEATURES

COLUMNS = tuple(feature.name for feature in FEATURES)
NAMES = ("paper", "compact")
LARGEST = {"paper": 4900, "compact": 1200}
NAMING = {word for row in REGISTRY.values() for word in (*row.words, row.title, row.name, row.name.replace("_", " "))}
ACTIVITY = re.compile(rf"\b({'|'.join(map(re.escape, sorted(NAMING)))})\b", re.IGNORECASE)


def joined(messages: list[Message]) -> str:
    return "\n".join(message["content"] for message in messages)


def own(folder: Path, user: str, head: str = "{# version: 7 #}") -> str:
    file = folder / "own.j2"
    file.write_text(head + "\n{% block user %}" + user + "{% endblock %}", encoding="utf-8")
    return str(file)


@pytest.fixture(scope="module")
def count_prompt_tokens() -> Callable[[str], int]:
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    return lambda text: int(litellm.token_counter(model="gpt-4", text=text))


@pytest.mark.parametrize("name", NAMES)
def test_a_window_prompt_holds_no_word_for_an_activity(name: str, real: Any) -> None:
    for messages in WindowPrompt(name, 6.0, 50.0).render(real.features, COLUMNS):
        assert ACTIVITY.findall(messages[-1]["content"]) == []
    assert ACTIVITY.findall(joined(messages)) == []


def test_neither_feedback_nor_judge_holds_a_word_for_an_activity(real: Any) -> None:
    assert ACTIVITY.findall(joined(feedback("", []))) == []
    assert ACTIVITY.findall(joined(judge_messages(real.features[0], COLUMNS, ""))) == []


@pytest.mark.parametrize("name", NAMES)
def test_it_lists_each_feature_with_its_measured_value_unit_and_origin(name: str, real: Any) -> None:
    prompt = WindowPrompt(name, 6.0, 50.0)
    assert set(prompt.feature_names) <= {feature.name for feature in PROMPT_FEATURES}
    some = real.features[::15]
    for features, messages in zip(some, prompt.render(some, COLUMNS), strict=True):
        user = messages[-1]["content"]
        for feature in map(BY_NAME.__getitem__, prompt.feature_names):
            unit = re.escape(feature.unit) if feature.unit != "1" else ""
            found = re.findall(rf"\b{feature.name} (?:= )?(-?\d+\.(\d+))( ?)({unit})(?![^ ,\n])", user)
            assert len(found) == 1, feature.name
            number, decimals, _, _ = found[0]
            assert len(decimals) == DECIMALS[feature.unit]
            value = features[COLUMNS.index(feature.name)]
            assert abs(float(number) - value) <= 0.5 * 10.0 ** -len(decimals) + 1e-5
            before_or_after = (
                user[: user.index(f"{feature.name} ")] if name == "compact" else user.split(feature.name)[1]
            )
            marks = re.findall(r"\[(ACC|GYRO|SYNC)\]", before_or_after)
            assert marks[-1 if name == "compact" else 0] == feature.origin


def test_paper_has_the_four_parts_all_statistics_and_their_meaning() -> None:
    prompt = WindowPrompt("paper", 6.0, 50.0)
    system, user = prompt.messages(np.zeros(len(COLUMNS)), COLUMNS)
    assert sorted(prompt.feature_names) == sorted(feature.name for feature in PROMPT_FEATURES)
    parts = ["Data introduction", "Data analysis", "Domain knowledge", "Task and output"]
    places = [system["content"].index(part) for part in parts]
    assert places == sorted(places)
    assert "6 s" in system["content"] and "50 Hz (300 samples)" in system["content"]
    for feature in PROMPT_FEATURES:
        assert f"- {feature.name} (" in system["content"]
        assert feature.meaning.split(";")[0].split(", 0 when")[0] in system["content"]
    for heading in HEADINGS:
        assert f"## {heading}\n" in user["content"]
    for scale in word_scales().scales.values():
        line = next(line for line in system["content"].splitlines() if line.startswith(f"- {scale.feature}: "))
        assert (
            re.split(r" \|(-?[\d.]+)\| ", line.removeprefix(f"- {scale.feature}: ").split(";")[0])
            == [
                part for pair in zip(scale.words, [*map("{:g}".format, scale.edges), ""], strict=True) for part in pair
            ][:-1]
        )


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_described_by_its_keys_without_numbers_to_copy(name: str) -> None:
    system = WindowPrompt(name, 6.0, 50.0).messages(np.zeros(len(COLUMNS)), COLUMNS)[0]["content"]
    described = system[system.index("Answer with one JSON object") :]
    assert all(key in described for key in FIELDS.values())
    assert not re.search(r"\d", described)


def test_compact_gives_the_word_of_the_range_beside_the_number() -> None:
    features = np.zeros((2, len(COLUMNS)))
    for row, rms in enumerate((0.05, 3.0)):
        features[row, COLUMNS.index("acc_vertical_rms")] = rms
        features[row, COLUMNS.index("gyro_mag_rms")] = 1.0
        features[row, COLUMNS.index("acc_vertical_share")] = 0.7
    at_rest, strong = map(joined, WindowPrompt("compact", 6.0, 50.0).render(features, COLUMNS))
    assert "acc_vertical_rms 0.05 m/s² (motionless)" in at_rest
    assert "acc_vertical_share 0.70 (unclear)" in at_rest
    assert "acc_vertical_rms 3.00 m/s² (strong)" in strong
    assert "acc_vertical_share 0.70 (mostly vertical)" in strong


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_the_token_limit(name: str, real: Any, count_prompt_tokens: Callable[[str], int]) -> None:
    longest = max(map(joined, WindowPrompt(name, 6.0, 50.0).render(real.features, COLUMNS)), key=len)
    assert count_prompt_tokens(longest) <= LARGEST[name]


@pytest.mark.parametrize("name", NAMES)
def test_what_all_windows_share_stands_before_their_numbers(name: str, real: Any) -> None:
    rendered = list(WindowPrompt(name, 6.0, 50.0).render(real.features, COLUMNS))
    assert len(rendered) == len(real.features)
    assert [message["role"] for message in rendered[0]] == ["system", "user"]
    assert len({messages[0]["content"] for messages in rendered}) == 1
    assert len({messages[1]["content"] for messages in rendered}) == len(rendered)


@pytest.mark.parametrize("name", NAMES)
def test_one_window_gets_the_prompt_of_the_batch_whatever_the_order_of_columns(name: str, real: Any) -> None:
    prompt = WindowPrompt(name, 6.0, 50.0)
    batch = list(prompt.render(real.features[:3], COLUMNS))
    for features, messages in zip(real.features, batch, strict=False):
        assert prompt.messages(features[::-1], COLUMNS[::-1]) == messages


def test_rendering_keeps_up_with_thousands_of_windows_a_second(real: Any) -> None:
    features = np.resize(real.features, (3000, len(COLUMNS)))
    prompt = WindowPrompt("paper", 6.0, 50.0)
    start = time.process_time()
    assert sum(1 for _ in prompt.render(features, COLUMNS)) == 3000
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize("name", NAMES)
def test_candidates_stand_in_the_prompt_only_if_asked_for(name: str) -> None:
    zeros = np.zeros(len(COLUMNS))
    plain = joined(WindowPrompt(name, 6.0, 50.0).messages(zeros, COLUMNS))
    told = joined(WindowPrompt(name, 6.0, 50.0, ["stairs_up", "my_rowing"]).messages(zeros, COLUMNS))
    assert "climbing stairs, my rowing" in told
    assert "one of" not in plain


def test_an_unknown_prompt_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    for name in ("long", str(tmp_path / "none.j2"), "label", "_scales"):
        with pytest.raises(LanharError, match="compact, paper"):
            WindowPrompt(name, 6.0, 50.0)


def test_a_file_of_ones_own_is_a_prompt(tmp_path: Path) -> None:
    numbers = '{{ feature("impact_p95").quantity }} {{ feature("impact_median").word }}'
    text = '{% from "_scales.j2" import ranges %}100% ' + numbers
    prompt = WindowPrompt(own(tmp_path, text), 6.0, 50.0)
    features = np.zeros(len(COLUMNS))
    features[COLUMNS.index("impact_p95")] = 3.14159
    assert prompt.messages(features, COLUMNS) == [{"role": "user", "content": "100% 3.14 m/s² none"}]
    assert prompt.version.startswith("7-")
    assert prompt.feature_names == ("impact_p95",)


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        ('{{ feature("acc_speed").quantity }}', "feature 'acc_speed'"),
        ('{{ feature("acc_mag_kurtosis").quantity }}', "feature 'acc_mag_kurtosis'"),
        ("{{ label }}", "'label' is undefined"),
        ("{{ feature( }}", "line 2"),
        ('{{ feature("impact_p95").quantity | upper }}', "without a filter"),
        ('{% if feature("impact_p95").quantity > 3 %}{% endif %}', "correct the template"),
        ("no numbers", "no statistics"),
    ],
)
def test_a_faulty_file_is_refused_in_one_line(tmp_path: Path, user: str, problem: str) -> None:
    with pytest.raises(LanharError, match=problem) as caught:
        WindowPrompt(own(tmp_path, user), 6.0, 50.0)
    assert "\n" not in str(caught.value)


def test_a_file_declares_a_version_and_a_user_message(tmp_path: Path) -> None:
    with pytest.raises(LanharError, match="declares no version"):
        WindowPrompt(own(tmp_path, "x", head="{# mine #}"), 6.0, 50.0)
    file = tmp_path / "bare.j2"
    file.write_text("{# version: 1 #}\n{% block system %}x{% endblock %}", encoding="utf-8")
    with pytest.raises(LanharError, match="no block 'user'"):
        WindowPrompt(str(file), 6.0, 50.0)


def test_the_version_changes_with_every_file_involved(tmp_path: Path) -> None:
    text = '{% from "_mine.j2" import line %}{{ line(feature("impact_p95")) }}'
    versions = []
    for macro in ("{{ f.quantity }}", "{{ f.quantity }}!"):
        (tmp_path / "_mine.j2").write_text("{% macro line(f) %}" + macro + "{% endmacro %}", encoding="utf-8")
        versions.append(WindowPrompt(own(tmp_path, text), 6.0, 50.0).version)
    assert versions[0] != versions[1]
    assert all(re.fullmatch(r"7-[0-9a-f]{8}", version) for version in versions)
    assert WindowPrompt(own(tmp_path, text), 6.0, 50.0).version == versions[1]


def test_features_that_do_not_fit_are_refused_before_the_first_window() -> None:
    prompt = WindowPrompt("paper", 6.0, 50.0)
    broken = np.zeros((2, len(COLUMNS)))
    broken[1, COLUMNS.index("acc_step_hz")] = np.nan
    with pytest.raises(LanharError, match="acc_step_hz are not all finite"):
        prompt.render(broken, COLUMNS)
    with pytest.raises(LanharError, match="lack acc_beat_cv, acc_beat_mean_s, acc_beat_std_s and 67 more; pass"):
        prompt.render(np.zeros((1, 1)), ["acc_step_hz"])
    with pytest.raises(LanharError, match="shape"):
        prompt.render(np.zeros((1, 2)), COLUMNS)


def test_a_rounded_negative_zero_is_a_zero() -> None:
    features = np.full(len(COLUMNS), -1e-6)
    assert not re.search(r"-0\.0*(?!\d)", WindowPrompt("paper", 6.0, 50.0).messages(features, COLUMNS)[1]["content"])


@pytest.mark.parametrize("activity", sorted(REGISTRY))
def test_a_label_prompt_names_the_activity_once_and_asks_for_the_seven_headings(activity: str) -> None:
    system, user = LabelPrompt().messages(activity, 1, 8)
    assert f"Activity: {REGISTRY[activity].title}\n" in user["content"]
    assert all(word in user["content"] for word in REGISTRY[activity].words)
    assert all(f'"{key}"' in system["content"] for key in FIELDS.values())
    assert ACTIVITY.findall(system["content"]) == []


def test_label_variations_ask_for_different_texts() -> None:
    prompt = LabelPrompt()
    asked = {re.sub(r"variation \d+ of", "", joined(prompt.messages("my_rowing", k, 60))) for k in range(1, 61)}
    assert len(asked) == 60
    assert "Activity: my rowing\n" in joined(prompt.messages("my_rowing", 2, 2))
    for variation in (0, 3):
        with pytest.raises(LanharError, match="write 1 to 2"):
            prompt.messages("walk", variation, 2)


def test_feedback_repeats_the_answer_and_every_reason_once() -> None:
    wrong = Reason("grounding", "wrong_number", "acc_step_hz is 1.69 Hz,\nnot 2.10 Hz")
    messages = feedback(" {} ", [wrong, wrong, Reason("leak", "names_activity", "'running' names an activity")])
    assert messages[0] == {"role": "assistant", "content": "{}"}
    assert messages[1]["role"] == "user"
    assert messages[1]["content"].count("- acc_step_hz is 1.69 Hz, not 2.10 Hz\n") == 1
    assert "- 'running' names an activity\n" in messages[1]["content"]


def test_feedback_on_nothing_or_on_a_flood_is_a_message_of_sane_length() -> None:
    assert feedback("", [])[0]["content"].strip()
    assert len(feedback("x" * 100_000, [])[0]["content"]) <= LONGEST_PREVIOUS + 2


def test_the_judge_sees_the_numbers_and_the_text_as_it_is() -> None:
    features = np.zeros(len(COLUMNS))
    features[COLUMNS.index("acc_step_hz")] = 1.9
    text = "Strength: 100% {{ weird }} %s"
    system, user = judge_messages(features, COLUMNS, text)
    assert '"acceptable"' in system["content"] and '"problem"' in system["content"]
    assert text in user["content"]
    assert "acc_step_hz = 1.90 Hz [ACC]" in user["content"]
    assert "acc_vertical_rms = 0.00 m/s² [ACC] (motionless)" in user["content"]


def test_feedback_and_judge_have_versions_of_their_own() -> None:
    versions = {prompt_version("feedback"), prompt_version("judge"), LabelPrompt().version}
    assert len(versions) == 3
    assert all(re.fullmatch(r"\d+-[0-9a-f]{8}", version) for version in versions)
