"""Constants with their units in their names; readers and rules use these and no literals."""

import math

STANDARD_GRAVITY_M_S2 = 9.80665
RAD_PER_DEG = math.pi / 180.0
RATE_HZ = 50.0
