"""Generated files in the layouts of public datasets that have no reader of their own, each with its YAML."""

from pathlib import Path

import numpy as np

G = 9.80665


def body(step_hz: float, time_s: np.ndarray, phase: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Acceleration (T, 3) in m/s² with gravity on y and rotation (T, 3) in rad/s, noiseless."""
    swing = 2.0 * np.sin(2 * np.pi * step_hz * time_s + phase)
    acc = np.stack([0.2 * swing, G + swing, 0.4 * swing], axis=1)
    return acc, 0.5 * np.stack([swing, -swing, 0.3 * swing], axis=1)


WISDM = """
name: wisdm
folder: raw
files: "phone/*/*.txt"
path: "{sensor}/data_{subject}_{}_{device}.txt"
sensors: {acc: accel, gyro: gyro}
columns: {activity: 1, acc: [3, 4, 5], gyro: [3, 4, 5]}
time: {column: 2, unit: ns}
units: {acc: m/s², gyro: rad/s}
constants: {placement: front_pocket}
activities: {A: walk, B: jog, C: null}
"""


def wisdm(folder: Path) -> str:
    """WISDM 2019: a file per sensor, `subject,activity,time,x,y,z;`, two clocks at about 20 Hz."""
    for subject in (1600, 1601):
        for name, rate, shift in (("accel", 20.0, 0.0), ("gyro", 20.3, 0.02)):
            lines = []
            for number, label in enumerate("ABC"):
                time_s = np.arange(0, 10, 1 / rate) + shift + 200 * number
                values = body(1.5, time_s)[name == "gyro"]
                stamps = (time_s * 1e9).astype(np.int64) + 252_207_666_810_782
                lines += [
                    f"{subject},{label},{t},{x:.6f},{y:.6f},{z:.6f};"
                    for t, (x, y, z) in zip(stamps, values, strict=True)
                ]
            path = folder / "raw/phone" / name / f"data_{subject}_{name}_phone.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(lines) + "\n")
    return WISDM


REALWORLD = """
name: realworld
folder: .
files: "proband*/data/**/*.csv"
path: "proband{subject}/data/{}/{sensor}_{activity}_{placement}.csv"
sensors: {acc: acc, gyro: Gyroscope}
columns: {acc: [attr_x, attr_y, attr_z], gyro: [attr_x, attr_y, attr_z]}
time: {column: attr_time, unit: ms}
units: {acc: m/s², gyro: rad/s}
activities: {walking: walk, climbingup: stairs_up}
"""


def realworld(folder: Path) -> str:
    """RealWorld 2016: a folder per sensor and activity, a file per place on the body."""
    for subject in (1, 2):
        for activity in ("walking", "climbingup"):
            for sensor, short in (("acc", "acc"), ("gyr", "Gyroscope"), ("mag", "MagneticField")):
                for placement in ("waist", "upperarm"):
                    time_s = np.arange(0, 6, 0.02) + (0.004 if sensor == "gyr" else 0.0)
                    values = body(1.8, time_s)[sensor == "gyr"]
                    rows = [
                        f"{i + 1},{1435988000000 + 1000 * t:.0f},{x:.6f},{y:.6f},{z:.6f}"
                        for i, (t, (x, y, z)) in enumerate(zip(time_s, values, strict=True))
                    ]
                    inner = folder / f"proband{subject}/data/{sensor}_{activity}_csv"
                    inner.mkdir(parents=True, exist_ok=True)
                    text = "\n".join(["id,attr_time,attr_x,attr_y,attr_z", *rows])
                    (inner / f"{short}_{activity}_{placement}.csv").write_text(text + "\n")
    return REALWORLD


MHEALTH = """
name: mhealth
folder: MHEALTHDATASET
files: "*.log"
path: "mHealth_subject{subject}.log"
columns: {acc: [5, 6, 7], gyro: [8, 9, 10], activity: 23}
rate_hz: 50
units: {acc: m/s², gyro: deg/s}
constants: {placement: ankle}
activities: {0: null, 1: stand, 4: walk}
"""


def mhealth(folder: Path) -> str:
    """MHEALTH: tab-separated numbers without a header, the last column a label, 0 for none, 50 Hz."""
    root = folder / "MHEALTHDATASET"
    root.mkdir(parents=True)
    for subject in (1, 10):
        labels = np.repeat([0, 1, 0, 4, 0, 4], 200)
        table = np.zeros((len(labels), 24))
        acc, gyro = body(1.9, np.arange(len(labels)) / 50)
        table[:, 5:8], table[:, 8:11] = acc, np.rad2deg(gyro)
        table[:, 23] = labels
        np.savetxt(root / f"mHealth_subject{subject}.log", table, fmt=["%.5f"] * 23 + ["%d"], delimiter="\t")
    return MHEALTH


DSADS = """
name: dsads
folder: data
files: "a*/p*/s*.txt"
path: "a{activity}/p{subject}/s{trial}.txt"
columns: {acc: [0, 1, 2], gyro: [3, 4, 5]}
rate_hz: 25
units: {acc: m/s2, gyro: rad/s}
constants: {placement: torso}
activities: {"01": sit, "09": walk}
"""


def dsads(folder: Path) -> str:
    """Daily and sports activities: 5 s of 45 comma-separated columns a file, everything else in the path."""
    for activity in ("01", "09"):
        for subject in (1, 8):
            for trial in (1, 2, 60):
                acc, gyro = body(1.7, np.arange(125) / 25)
                root = folder / f"data/a{activity}/p{subject}"
                root.mkdir(parents=True, exist_ok=True)
                table = np.concatenate([acc, gyro, np.zeros((125, 39))], axis=1)
                np.savetxt(root / f"s{trial:02}.txt", table, fmt="%.5f", delimiter=",")
    return DSADS


KUHAR = """
name: kuhar
folder: 1.Raw_time_domian_data
path: "{}.{activity}/{subject}_{}_{trial}.csv"
columns: {acc: [1, 2, 3], gyro: [5, 6, 7]}
time: {column: 0, unit: s, gyro_column: 4}
units: {acc: m/s², gyro: rad/s}
constants: {placement: waist}
activities: {Walk: walk, Stair-up: stairs_up}
"""


def kuhar(folder: Path) -> str:
    """KU-HAR: no header, one file with a time column for each sensor, ragged at its end."""
    for number, activity in ((11, "Walk"), (15, "Stair-up")):
        root = folder / f"1.Raw_time_domian_data/{number}.{activity}"
        root.mkdir(parents=True)
        acc_t = np.arange(0.02, 8, 0.0101)
        gyro_t = np.arange(0.025, 8, 0.0103)
        acc, gyro = body(1.6, acc_t)[0], body(1.6, gyro_t)[1]
        lines = []
        for i in range(len(acc_t)):
            left = [acc_t[i], *acc[i]]
            right = [gyro_t[i], *gyro[i]] if i < len(gyro_t) else [""] * 4
            lines.append(",".join(f"{v:.5f}" if v != "" else "" for v in (*left, *right)))
        (root / "1001_K_1.csv").write_text("\n".join(lines) + "\n")
    return KUHAR
