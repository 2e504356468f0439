import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanhar.edge.runtime import Prediction
from lanhar.edge.tables import read_samples, write_header, write_predictions
from lanhar.errors import LanharError


def read(text):
    blocks = list(read_samples(io.StringIO(text), "x.csv"))
    return np.concatenate([b[0] for b in blocks]), np.concatenate([b[1] for b in blocks])


@pytest.mark.parametrize(
    ("header", "scale"),
    [
        ("time,acc_x,acc_y,acc_z,gyro_x,gyro_y,gyro_z", 1),
        ("seconds_elapsed,Accel.X,accel y,accel-z,rotationRate.x,rotationRate.y,rotationRate.z", 1),
        ("\ufefftimestamp_ms,ax,ay,az,gx,gy,gz", 1e-3),
        ("time_ns, Accelerometer X, Accelerometer Y, Accelerometer Z, wx, wy, wz, note", 1e-9),
    ],
)
def test_columns_go_by_many_names(header, scale):
    time_s, samples = read(f"{header}\n1000,1,2,3,4,5,6,walk\n2000,,2,3,nan,5,6\n")
    np.testing.assert_allclose(time_s, np.array([1000, 2000]) * scale)
    np.testing.assert_array_equal(samples[0], [1, 2, 3, 4, 5, 6])
    assert np.isnan(samples[1, [0, 3]]).all()


def test_columns_may_stand_in_any_order():
    _, samples = read("gyro_z,time,acc_y,gyro_x,acc_x,acc_z,gyro_y\n6,0,2,4,1,3,5\n")
    np.testing.assert_array_equal(samples, [[1, 2, 3, 4, 5, 6]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "no column of times"),
        ("time,acc_x,acc_y,acc_z,gyr_x,gyro_y,gyro_z\n", "no column gyro_x, did you mean 'gyr_x'"),
        ("time,ax,ay,az,gx,gy,gz\n0,1,2,3,4,5,6\n1,2,fast,3,4,5,6\n", "line 3: 'fast' under ay is no number"),
    ],
)
def test_what_cannot_be_read_says_where(text, message):
    with pytest.raises(LanharError, match=message):
        read(text)


@given(st.integers(1, 700))
@settings(max_examples=10, deadline=None)
def test_every_row_is_read_once(count):
    rows = "".join(f"{i},{i},0,0,0,0,0\n" for i in range(count))
    time_s, samples = read("t,ax,ay,az,gx,gy,gz\n" + rows)
    np.testing.assert_array_equal(time_s, np.arange(count))
    np.testing.assert_array_equal(samples[:, 0], np.arange(count))


def test_a_timeline_names_what_is_unknown_and_why():
    file = io.StringIO()
    write_header(file)
    top = (("walk", 0.8), ("jog", 0.15), ("sit", 0.05))
    write_predictions(file, [Prediction(6.0, "walk", 0.8, top), Prediction(7.0, None, 0.0, (), "silent, alas")])
    _, first, second = file.getvalue().splitlines()
    assert first == "6.000,walk,0.8000,jog,0.1500,sit,0.0500,"
    assert second == '7.000,unknown,0.0000,,,,,"silent, alas"'
