import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import savemat

from lanhar.datasets.motionsense import MotionSense
from lanhar.datasets.recordings import Recordings
from lanhar.datasets.recordings_paths import path_fields
from lanhar.datasets.recordings_spec import alias_lines, parse_spec
from lanhar.datasets.uschad import USCHAD
from lanhar.errors import LanharError

SMALL = {
    "path": "s{subject}_{device}_{activity}_{trial}.csv",
    "columns": {"acc": ["ax", "ay", "az"], "gyro": ["gx", "gy", "gz"]},
    "units": {"acc": "m/s²", "gyro": "rad/s"},
    "rate_hz": 50,
    "activities": {"walking": "walk", "stairs_up": "stairs_up", "rest": None},
}


def table(rows: int = 100, acc_scale: float = 1.0, gyro_scale: float = 1.0) -> pd.DataFrame:
    time_s = np.arange(rows) / 50
    swing = np.sin(2 * np.pi * 1.5 * time_s)
    return pd.DataFrame({
        "t": np.round(time_s * 1000).astype(int),
        "ax": 0.2 * swing * acc_scale, "ay": (9.8 + swing) * acc_scale, "az": 0.1 * swing * acc_scale,
        "gx": swing * gyro_scale, "gy": 0.5 * swing * gyro_scale, "gz": 0.2 * swing * gyro_scale,
    })  # fmt: skip


def read(folder: Path, spec: dict | str, **options):
    path = folder / "my.yaml"
    path.write_text(spec if isinstance(spec, str) else yaml.safe_dump(spec, allow_unicode=True))
    dataset = Recordings(folder / "nowhere", folder / "cache", spec=path, **options)
    return dataset, list(dataset.recordings())


def test_a_folder_of_csv_files_named_by_subject_device_activity_and_trial(tmp_path):
    table().to_csv(tmp_path / "s7_pixel_stairs_up_2.csv", index=False)
    table().to_csv(tmp_path / "s12_watch_walking_1.csv", index=False)
    table().to_csv(tmp_path / "s12_watch_rest_1.csv", index=False)
    dataset, recordings = read(tmp_path, SMALL | {"name": "mine"})
    found = {(r.subject, r.device, r.activity, r.dataset) for r in recordings}
    assert found == {("7", "pixel", "stairs_up", "mine"), ("12", "watch", "walk", "mine")}
    np.testing.assert_allclose(recordings[0].acc[:, 1], table()["ay"], atol=1e-5)
    assert dataset.report.dropped == {"activity 'rest' left out": 100}


@pytest.mark.parametrize("layout", ["wisdm", "realworld", "mhealth", "dsads", "kuhar"])
def test_public_layouts_need_a_yaml_and_nothing_else(layout, fake, tmp_path):
    files = fake("recordings")
    spec = getattr(files, layout)(tmp_path)
    dataset, recordings = read(tmp_path, spec)
    subjects, seconds = {
        "wisdm": ({"1600", "1601"}, {"walk": 2 * 10, "jog": 2 * 10}),
        "realworld": ({"1", "2"}, {"walk": 4 * 6, "stairs_up": 4 * 6}),
        "mhealth": ({"1", "10"}, {"stand": 2 * 4, "walk": 2 * 8}),
        "dsads": ({"1", "8"}, {"sit": 6 * 5, "walk": 6 * 5}),
        "kuhar": ({"1001"}, {"walk": 8, "stairs_up": 8}),
    }[layout]
    assert set(dataset.report.subjects) == subjects
    assert dataset.report.seconds == pytest.approx(seconds, rel=0.02)
    step_hz = {"wisdm": 1.5, "realworld": 1.8, "mhealth": 1.9, "dsads": 1.7, "kuhar": 1.6}[layout]
    for r in recordings:
        time_s = np.arange(len(r.acc)) / r.rate_hz
        # The generator's rotation about x is a quarter of its vertical swing at every moment.
        assert np.abs(r.gyro[:, 0] - 0.5 * (r.acc[:, 1] - files.G)).max() < 0.08
        waves = np.stack([np.sin(2 * np.pi * step_hz * time_s), np.cos(2 * np.pi * step_hz * time_s)], axis=1)
        swing = np.linalg.lstsq(waves, r.acc[:, 1] - files.G, rcond=None)[0]
        assert np.linalg.norm(swing) == pytest.approx(2.0, rel=0.05)
    assert {r.placement for r in recordings} <= {"front_pocket", "waist", "upperarm", "ankle", "torso"}


def test_parquet_and_mat_hold_the_same_as_csv(tmp_path):
    values = table()
    for kind in ("csv", "parquet", "mat"):
        (tmp_path / kind).mkdir()
    values.to_csv(tmp_path / "csv/s1_a_walking_1.csv", index=False)
    values.to_parquet(tmp_path / "parquet/s1_a_walking_1.parquet")
    savemat(tmp_path / "mat/s1_a_walking_1.mat", {"data": values.to_numpy()})
    by_number = {"columns": {"acc": [1, 2, 3], "gyro": [4, 5, 6]}, "format": {"field": "data"}}
    found = []
    for kind, extra in (("csv", {}), ("parquet", {}), ("mat", by_number)):
        spec = SMALL | extra | {"files": f"{kind}/*.{kind}", "path": SMALL["path"].replace("csv", kind)}
        found.append(read(tmp_path, spec)[1][0])
    for other in found[1:]:
        np.testing.assert_allclose(other.acc, found[0].acc, atol=1e-5)
        np.testing.assert_allclose(other.gyro, found[0].gyro, atol=1e-5)


def test_ios_gravity_is_added_and_turned_round(tmp_path):
    values = pd.DataFrame({"ux": 0.0, "uy": 0.0, "uz": 0.1, "qx": 0.0, "qy": 0.0, "qz": -1.0,
                           "gx": 90.0, "gy": 0.0, "gz": 0.0}, index=range(100))  # fmt: skip
    values.to_csv(tmp_path / "s1_a_walking_1.csv", index=False)
    columns = {"acc": ["ux", "uy", "uz"], "gravity": ["qx", "qy", "qz"], "gyro": ["gx", "gy", "gz"]}
    spec = SMALL | {"columns": columns, "units": {"acc": "g", "gyro": "deg/s"}, "sign": "ios"}
    _, [recording] = read(tmp_path, spec)
    np.testing.assert_allclose(recording.acc[0], [0, 0, 0.9 * 9.80665], atol=1e-5)
    np.testing.assert_allclose(recording.gyro[0], [np.pi / 2, 0, 0], atol=1e-5)


def test_columns_cut_where_activity_or_subject_changes_and_gaps_split(tmp_path):
    values = table(400)
    values["who"] = ["a"] * 300 + ["b"] * 100
    values["what"] = ["walking"] * 100 + [""] * 50 + ["walking"] * 250
    values.loc[200:, "t"] += 5000
    values.to_csv(tmp_path / "all.csv", index=False)
    spec = {k: v for k, v in SMALL.items() if k not in ("path", "rate_hz")}
    spec["columns"] = spec["columns"] | {"subject": "who", "activity": "what"}
    dataset, recordings = read(tmp_path, spec | {"time": {"column": "t", "unit": "ms"}})
    assert [(r.subject, len(r.acc)) for r in recordings] == [("a", 100), ("a", 50), ("a", 100), ("b", 100)]
    assert len({(r.subject, r.trial) for r in recordings}) == 4
    assert dataset.report.dropped == {"rows without an activity": 50}


def test_time_that_starts_again_is_a_new_recording(tmp_path):
    pd.concat([table(100), table(120)]).to_csv(tmp_path / "s1_a_walking_1.csv", index=False)
    spec = {k: v for k, v in SMALL.items() if k != "rate_hz"} | {"time": {"column": "t", "unit": "ms"}}
    _, recordings = read(tmp_path, spec)
    assert [len(r.acc) for r in recordings] == [100, 120]


def test_a_few_missing_numbers_are_bridged_and_more_split_a_fixed_rate(tmp_path):
    whole = table(300)
    values = whole.copy()
    values.loc[90:92, "gy"] = np.nan
    values.loc[200:206, "ax"] = np.nan
    values.to_csv(tmp_path / "s1_a_walking_1.csv", index=False)
    dataset, recordings = read(tmp_path, SMALL)
    assert [len(r.acc) for r in recordings] == [200, 93]
    np.testing.assert_allclose(recordings[0].gyro[:, 1], whole["gy"][:200], atol=0.05)
    assert dataset.report.dropped == {"rows with missing numbers": 7, "rows of the gyroscope with missing numbers": 3}


def test_a_return_to_an_activity_is_not_glued_to_its_first_time_at_a_fixed_rate(tmp_path):
    labels = ["walking"] * 100 + ["rest"] * 150 + ["walking"] * 120
    for sensor in ("acc", "gyro"):
        table(370).assign(what=labels).to_csv(tmp_path / f"s1_{sensor}.csv", index=False)
    spec = SMALL | {"path": "s{subject}_{sensor}.csv", "sensors": {"acc": "acc", "gyro": "gyro"}}
    spec["columns"] = spec["columns"] | {"activity": "what"}
    _, recordings = read(tmp_path, spec)
    assert [len(r.acc) for r in recordings] == [100, 120]


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S.%f", "%d.%m.%Y %H:%M:%S.%f", "%H:%M:%S.%f", "isoformat"])
def test_dates_and_times_of_day_are_a_clock(form, tmp_path):
    stamps = pd.Timestamp("2024-05-31 09:59:59") + pd.to_timedelta(np.arange(100) * 20, unit="ms")
    # Where the fraction is zero, Python's own form leaves it out.
    texts = [stamp.to_pydatetime().isoformat() if form == "isoformat" else stamp.strftime(form) for stamp in stamps]
    table().assign(t=texts).to_csv(tmp_path / "s1_a_walking_1.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, [recording] = read(tmp_path, without("rate_hz") | {"time": {"column": "t", "unit": "datetime"}})
    assert recording.rate_hz == 50
    np.testing.assert_allclose(recording.acc[:, 1], table()["ay"], atol=1e-4)


def test_semicolons_decimal_commas_and_lines_above_the_header(tmp_path):
    text = "Recorded with an app\n" + table().to_csv(index=False, sep=";", decimal=",")
    (tmp_path / "s1_a_walking_1.csv").write_text("\ufeff" + text, encoding="utf-8")
    _, [recording] = read(tmp_path, SMALL | {"format": {"decimal": ",", "skip_rows": 1}})
    np.testing.assert_allclose(recording.gyro[:, 0], table()["gx"], atol=1e-5)


def test_placements_can_be_chosen_and_files_left_out(tmp_path):
    for name in ("s1_wrist_walking_1.csv", "s1_hip_walking_1.csv", "broken.csv"):
        table().to_csv(tmp_path / name, index=False)
    spec = SMALL | {"path": "s{subject}_{placement}_{activity}_{trial}.csv", "exclude": ["broken*"]}
    assert {r.placement for r in read(tmp_path, spec)[1]} == {"wrist", "hip"}
    assert {r.placement for r in read(tmp_path, spec, placements=["hip"])[1]} == {"hip"}


def test_a_changed_yaml_or_file_changes_the_fingerprint(tmp_path):
    table().to_csv(tmp_path / "s1_a_walking_1.csv", index=False)
    first = read(tmp_path, SMALL)[0].fingerprint()
    assert read(tmp_path, SMALL)[0].fingerprint() == first
    assert read(tmp_path, SMALL | {"rate_hz": 51})[0].fingerprint() != first
    table(101).to_csv(tmp_path / "s1_a_walking_1.csv", index=False)
    assert read(tmp_path, SMALL)[0].fingerprint() != first


def without(key: str) -> dict:
    return {k: v for k, v in SMALL.items() if k != key}


@pytest.mark.parametrize(("spec", "message"), [
    (SMALL | {"colums": {}}, "unknown key 'colums', did you mean columns"),
    (SMALL | {"units": {"acc": "g", "gyr": "rad/s"}}, "unknown key 'units.gyr', did you mean gyro"),
    (without("columns"), r"columns is missing; write columns: \{acc"),
    (without("units"), "units is missing"),
    (without("rate_hz"), "write either time"),
    (SMALL | {"time": {"column": "t", "unit": "ms"}}, "not both"),
    (SMALL | {"rate_hz": 0}, "rate_hz is 0"),
    (SMALL | {"time": {"column": "t", "unit": "millis"}}, "time.unit is 'millis'; write one of s, ms"),
    (SMALL | {"units": {"acc": "G", "gyro": "rad/s"}}, "units.acc is 'G'; write one of g"),
    (SMALL | {"columns": {"acc": ["ax", "ay"], "gyro": [3, 4, 5]}}, "columns.acc has 2 columns; write three"),
    (SMALL | {"activities": {"walking": "walkin"}}, "unknown activity 'walkin': did you mean walk"),
    (SMALL | {"path": "s{subject}_{activty}.csv"}, r"path has \{activty\}, did you mean activity"),
    (SMALL | {"activities": {True: "walk"}}, "True, which YAML makes of yes and on; put it"),
    (SMALL | {"path": "{subject}.csv"}, "nothing says the activity"),
    (SMALL | {"constants": {"subject": "me"}}, "subject comes from .* keep one"),
    (SMALL | {"sensors": {"acc": "a", "gyro": "g"}}, "sensor} in path"),
    (["a"], "must be a list of 'key: value'"),
])  # fmt: skip
def test_what_the_yaml_cannot_mean_is_said_in_one_line(spec, message):
    with pytest.raises(LanharError, match=message) as caught:
        parse_spec(spec)
    assert "\n" not in str(caught.value)


def test_what_the_files_do_not_hold_is_said_in_one_line(tmp_path):
    path = tmp_path / "s1_a_walking_1.csv"
    table().to_csv(path, index=False)
    timed = without("rate_hz")
    coarse = table().assign(t=np.arange(100) // 50)
    cases = [
        (SMALL | {"files": "**/*.txt"}, r"no file matches files: '\*\*/\*\.txt'"),
        (SMALL | {"folder": "gone"}, "folder 'gone' is neither"),
        (SMALL | {"path": "{subject}/{activity}.csv"}, "does not fit path"),
        (SMALL | {"columns": {"acc": ["ax", "ay", "aZ"], "gyro": ["gx", "gy", "gz"]}},
         r"no column 'aZ' \(columns.acc\), did you mean 'az'\?; it has t, ax"),
        (timed | {"time": {"column": "t", "unit": "s"}}, "0.05 samples a second; time.unit is probably"),
        (timed | {"time": {"column": "ax", "unit": "s"}}, "does not increase"),
        (SMALL | {"activities": {"jogging": "jog"}}, r"no alias for 'walking' .*`walking: walk`"),
    ]  # fmt: skip
    for spec, message in cases:
        with pytest.raises(LanharError, match=message) as caught:
            read(tmp_path, spec)
        assert "\n" not in str(caught.value)
    coarse.to_csv(path, index=False)
    with pytest.raises(LanharError, match="too coarse; write rate_hz"):
        read(tmp_path, timed | {"time": {"column": "t", "unit": "s"}})
    path.write_text(path.read_text().replace("9.8,", "oops,", 1))
    with pytest.raises(LanharError, match=r"row 0 of column 'ay' \(columns.acc\) is 'oops', no number"):
        read(tmp_path, SMALL)


@pytest.mark.parametrize(("acc", "gyro", "units", "message"), [
    (1 / 9.80665, 1, {"acc": "m/s²", "gyro": "rad/s"}, "looks like g; write units.acc: g"),
    (1, 1, {"acc": "g", "gyro": "rad/s"}, "write units.acc: m/s²"),
    (1, 57.3, {"acc": "m/s²", "gyro": "rad/s"}, "write units.gyro: deg/s"),
    (1, 57300, {"acc": "m/s²", "gyro": "deg/s"}, "another unit than deg/s"),
    (1000 / 9.80665, 1, {"acc": "g", "gyro": "rad/s"}, "looks like mg; write units.acc: mg"),
    (1670, 1, {"acc": "m/s²", "gyro": "rad/s"}, "gravity alone gives 9.81; write units.acc"),
    (1.5, 0, {"acc": "m/s²", "gyro": "rad/s"}, "0 rad/s .* while people move"),
    (1.5, 1, {"acc": "m/s²", "gyro": "deg/s"}, "rad/s .* while people move"),
])  # fmt: skip
def test_wrong_units_are_noticed(acc, gyro, units, message, tmp_path):
    table(200, acc, gyro).to_csv(tmp_path / "s1_a_walking_1.csv", index=False)
    with pytest.raises(LanharError, match=message):
        read(tmp_path, SMALL | {"units": units})


def test_milli_g_are_a_unit(tmp_path):
    table(200, 1000 / 9.80665).to_csv(tmp_path / "s1_a_walking_1.csv", index=False)
    _, [recording] = read(tmp_path, SMALL | {"units": {"acc": "mg", "gyro": "rad/s"}})
    np.testing.assert_allclose(recording.acc[:, 1], table(200)["ay"], rtol=1e-5)


def test_acceleration_without_gravity_is_refused(tmp_path):
    values = table()
    values["ay"] -= 9.8
    values.to_csv(tmp_path / "s1_a_walking_1.csv", index=False)
    with pytest.raises(LanharError, match=r"columns\.gravity where gravity was taken out"):
        read(tmp_path, SMALL)


def test_files_from_which_nothing_comes_are_an_error_that_says_why(tmp_path):
    path = tmp_path / "s1_a_walking_1.csv"
    table().assign(gx=np.nan).to_csv(path, index=False)
    with pytest.raises(
        LanharError, match=r"no recording came out of 1 files: .*100 × rows of the gyroscope with missing"
    ):
        read(tmp_path, SMALL)
    table().assign(boot=table()["t"] + 10**6).to_csv(path, index=False)
    time = {"time": {"column": "t", "unit": "ms", "gyro_column": "boot"}}
    with pytest.raises(LanharError, match=r"100 × rows while the other sensor did not run \(two clocks\?\)"):
        read(tmp_path, without("rate_hz") | time)


@pytest.mark.parametrize(("name", "guess"), [
    ("WALKING_UPSTAIRS", "stairs_up"), ("walk downstairs", "stairs_down"), ("going up stairs", "stairs_up"),
    ("upsatirs", "stairs_up"), ("slow walking", "walk"), ("A", "null"), ("upper body", "null"),
])  # fmt: skip
def test_an_activity_without_alias_is_guessed_by_its_words(name, guess):
    assert alias_lines([name]) == f"`{name}: {guess}`"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 60) | st.text("ag/s{}", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ac", max_size=3), inner, max_size=3),
    max_leaves=6,
)


KEYS = [*SMALL, "time", "format", "sensors", "constants", "exclude", "sign"]


@given(key=st.sampled_from(KEYS), value=ANYTHING)
def test_any_other_content_is_refused_and_never_crashes(key, value):
    try:
        spec = parse_spec(SMALL | {key: value})
    except LanharError as error:
        assert "\n" not in str(error)
    else:
        assert len(spec.columns.acc) == len(spec.columns.gyro) == 3


def test_every_yaml_of_the_guide_is_understood():
    guide = (Path(__file__).parents[2] / "docs" / "own_recordings.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", guide, flags=re.DOTALL)
    assert len(blocks) >= 6
    for block in blocks:
        parse_spec(yaml.safe_load(block))


PLAIN = st.text("abcXYZ019-", min_size=1, max_size=6)


@given(subject=PLAIN, device=PLAIN, activity=st.sampled_from(["walking", "stairs_up", "rest"]), trial=PLAIN)
def test_a_path_gives_back_what_was_written_into_it(subject, device, activity, trial):
    found = path_fields(f"any/where/s{subject}_{device}_{activity}_{trial}.csv", parse_spec(SMALL))
    assert found == {"subject": subject, "device": device, "activity": activity, "trial": trial}


MOTIONSENSE = """
files: "A_DeviceMotion_data/*/sub_*.csv"
path: "{activity}_{trial}/sub_{subject}.csv"
columns:
  acc: [userAcceleration.x, userAcceleration.y, userAcceleration.z]
  gravity: [gravity.x, gravity.y, gravity.z]
  gyro: [rotationRate.x, rotationRate.y, rotationRate.z]
units: {acc: g, gyro: rad/s}
sign: ios
rate_hz: 50
activities: {dws: stairs_down, ups: stairs_up, wlk: walk, jog: jog, sit: sit, std: stand}
"""

USCHAD_YAML = """
folder: uschad.zip
files: "**/*.mat"
path: "Subject{subject}/a{activity}t{trial}.mat"
format: {field: sensor_readings}
columns: {acc: [0, 1, 2], gyro: [3, 4, 5]}
units: {acc: g, gyro: deg/s}
rate_hz: 100
activities: {1: walk, 2: walk, 3: walk, 4: stairs_up, 5: stairs_down, 6: jog, 7: jump, 8: sit, 9: stand,
             10: lie, 11: elevator_up, 12: elevator_down}
"""


@pytest.mark.full_data
@pytest.mark.parametrize(("spec", "reader"), [
    pytest.param(MOTIONSENSE + "folder: motionsense.zip\n", MotionSense, marks=pytest.mark.slow),
    pytest.param(USCHAD_YAML, USCHAD),
])  # fmt: skip
def test_a_yaml_reads_real_recordings_as_their_own_reader_does(spec, reader, full_data, tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text(spec)

    def order(recording):
        return (int(recording.subject), recording.activity, len(recording.acc), float(recording.acc[0, 0]))

    ours = sorted(Recordings(full_data, tmp_path, spec=path).recordings(), key=order)
    theirs = sorted(reader(full_data, tmp_path).recordings(), key=order)
    assert [order(r)[:3] for r in ours] == [order(r)[:3] for r in theirs]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one.acc, other.acc, atol=1e-5)
        np.testing.assert_allclose(one.gyro, other.gyro, atol=1e-5)
