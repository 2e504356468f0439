"""The clock of a stream: which windows are due, from samples that come late, twice, out of order or not at all."""

import math

import numpy as np
from numpy.typing import NDArray

from lanhar.edge.bundle import Preprocessing
from lanhar.edge.samples import Array, SampleBuffer, reach_s

RESTART_SAMPLES = 50
"""So many samples in a row that are far from the stream's clock are a new clock, fewer are wild time stamps."""
FRUITLESS_RESTARTS = 3
"""So many new clocks in a row without a window are no clock."""
STILL_SAMPLES = 1000
"""So many samples that do not bring the clock forward are no stream; two sensors in batches of ten seconds have 500."""
LATEST_S = 1e11
"""Three thousand years. Milliseconds and nanoseconds since 1970 are beyond it."""
Windows = list[tuple[float, Array]]


class WindowStream:
    """Cuts a stream into the spans of its windows, one a hop, as soon as each is complete.

    Where nothing came for a whole window, or time was set back, a new clock begins.

    Args:
        settings: length and rates of windows.
        hop_s: seconds from one window to the next.
        wait_s: seconds that a window waits for late samples.
    """

    def __init__(self, settings: Preprocessing, hop_s: float, wait_s: float) -> None:
        self._settings, self._hop_s, self._wait_s = settings, hop_s, wait_s
        self.ignored = 0
        """Samples that came too late for any window to come, or without a usable time."""
        self._untimed = self._restarts = self._still = 0
        self.reset()

    def reset(self) -> None:
        """Forget all samples and begin a new clock with the next."""
        self._beside_s = reach_s(self._settings)
        seconds = self._settings.window_s + self._hop_s + self._wait_s + 2 * self._beside_s
        self._buffer = SampleBuffer(int(2 * seconds * self._settings.rates_hz[1]))
        self._end_s = self._newest_s = math.nan
        self._far = 0

    def push(self, times: Array, values: NDArray[np.float64]) -> Windows:
        """Take samples (N, 6) at times (N,); end and rows (M, 7) of each window that is complete now.

        The rows are in order and reach beyond the window, where the filter looks.
        """
        if len(times) and times.min() >= self._oldest_s() and times.max() <= self._newest_s + self._settings.window_s:
            self._far = self._untimed = 0
            return self._take(times, values)
        return self._sorted_out(*self._timed(times, values))

    def _sorted_out(self, times: Array, values: NDArray[np.float64]) -> Windows:
        windows: Windows = []
        while len(times):
            near = self._near(times)
            if near.any():
                last = int(np.flatnonzero(near)[-1]) + 1
                self.ignored += int((~near[:last]).sum())
                self._far = 0
                windows += self._take(times[:last][near[:last]], values[:last][near[:last]])
                times, values = times[last:], values[last:]
                continue
            self._far += len(times)
            if self._far < RESTART_SAMPLES:
                self.ignored += len(times)
                break
            windows += self.finish()
            self.reset()
            self._restarts += 1
        return windows

    def finish(self) -> Windows:
        """The windows that still wait for late samples, at the end of a stream."""
        # A window ends one period after its last sample.
        return self._due(self._newest_s + 1 / self._settings.rate_hz + 1e-6)

    def without_time(self) -> bool:
        """Whether many samples in a row had no time in seconds; asked once, it starts to count anew."""
        if self._untimed < RESTART_SAMPLES:
            return False
        self._untimed = 0
        return True

    def without_clock(self) -> bool:
        """Whether time jumps or stands still again and again, so that no window comes; asked once, it counts anew."""
        if self._restarts < FRUITLESS_RESTARTS and self._still < STILL_SAMPLES:
            return False
        self._restarts = self._still = 0
        return True

    def _timed(self, times: Array, values: NDArray[np.float64]) -> tuple[Array, NDArray[np.float64]]:
        timed = np.abs(times) < LATEST_S
        if timed.all():
            self._untimed = 0
            return times, values
        lost = int((~timed).sum())
        self.ignored += lost
        self._untimed += lost
        return times[timed], values[timed]

    def _near(self, times: Array) -> NDArray[np.bool_]:
        """Which samples (N,) belong to the stream's clock: none too late, none after a hole as long as a window."""
        window_s = self._settings.window_s
        newest, oldest = self._newest_s, self._oldest_s()
        if math.isnan(newest):
            newest, oldest = times[0], times[0] - window_s
        # The stream may go on as long as no step is that long.
        later = np.concatenate([[newest], np.sort(times[times > newest])])
        holes = np.flatnonzero(np.diff(later) > window_s)
        latest = later[holes[0]] if len(holes) else math.inf
        near: NDArray[np.bool_] = (times >= oldest) & (times <= latest)
        return near

    def _oldest_s(self) -> float:
        """Samples from before this time are in no window to come."""
        return self._end_s - self._settings.window_s - self._beside_s

    def _take(self, times: Array, values: NDArray[np.float64]) -> Windows:
        first, last = float(times.min()), float(times.max())
        if math.isnan(self._end_s):
            self._end_s, self._newest_s = first + self._settings.window_s, first
        self._still = 0 if last > self._newest_s else self._still + len(times)
        self._newest_s = max(self._newest_s, last)
        self._buffer.add(times, values)
        return self._due(self._newest_s - self._wait_s)

    def _due(self, until_s: float) -> Windows:
        windows = []
        while self._end_s <= until_s:
            start_s = self._end_s - self._settings.window_s
            rows = self._buffer.between(start_s - self._beside_s, self._end_s + self._beside_s)
            # A hop without a sample has no window of its own.
            if ((rows[:, 0] > self._end_s - self._hop_s) & (rows[:, 0] <= self._end_s)).any():
                windows.append((self._end_s, rows))
                self._restarts = 0
            self._end_s += self._hop_s
            self._buffer.forget(self._oldest_s())
        return windows
