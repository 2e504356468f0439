// Windows that no sensor in the right units can have measured, each with a reason in words: `lanhar.edge.checks` in
// JavaScript, where each limit is explained.

import { fixed, percent } from "./numbers.js";
import { SENSORS } from "./samples.js";

export const DEGREES = "the gyroscope reads like degrees a second; deliver rad/s";
const LEAST_GRAVITY_M_S2 = 0.5 * 9.80665;
const MOST_MEAN_M_S2 = 50;
const MOST_MEDIAN_RAD_S = 8;
const MOST_M_S2 = 400;
const MOST_RAD_S = 60;
const STRONG = [1.5 * 9.80665, 4];
const SATURATED_SHARE = 0.1;
const STUCK = 1e-6;

/** What is wrong with a uniform window (row by row) or with the samples as they came, or null. */
export function complaint(window, raw) {
  return acceleration(vectors(window, 0)) ?? rotation(vectors(window, 3)) ?? saturation(raw);
}

function vectors(window, x) {
  return Array.from({ length: window.length / 6 }, (_, n) => window.subarray(6 * n + x, 6 * n + x + 3));
}

const size = (vector) => Math.hypot(...vector);
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const largest = (values) => values.reduce((one, other) => Math.max(one, other), -Infinity);
const axes = (all) => [0, 1, 2].map((axis) => all.map((vector) => vector[axis]));
const range = (values) => largest(values) + largest(values.map((value) => -value));
const stuck = (all) => largest(axes(all).map(range)) < STUCK;

function acceleration(all) {
  const meanSize = mean(all.map(size));
  const gravity = size(axes(all).map(mean));
  if (stuck(all)) return `the accelerometer ${meanSize < STUCK ? "is silent" : "is stuck at one value"}`;
  if (meanSize > MOST_MEAN_M_S2) {
    return `the acceleration has a mean length of ${fixed(meanSize, 0)}, where gravity is 9.8; deliver m/s²`;
  }
  if (gravity > 0.5 && gravity < 2 && meanSize < LEAST_GRAVITY_M_S2) {
    return "the acceleration reads like g; deliver m/s²";
  }
  if (gravity < LEAST_GRAVITY_M_S2) return "there is no gravity in the acceleration; deliver it with gravity";
  if (largest(all.flatMap((vector) => Array.from(vector, Math.abs))) > MOST_M_S2) {
    return "the accelerometer has samples that no sensor measures";
  }
  return null;
}

function rotation(all) {
  const sizes = Float64Array.from(all, size).sort();
  const middle = sizes.length >> 1;
  if (stuck(all)) return `the gyroscope ${sizes.at(-1) < STUCK ? "is silent" : "is stuck at one value"}`;
  const median = sizes.length % 2 ? sizes[middle] : (sizes[middle - 1] + sizes[middle]) / 2;
  if (median > MOST_MEDIAN_RAD_S) return DEGREES;
  if (sizes.at(-1) > MOST_RAD_S) return "the gyroscope has samples that no sensor measures";
  return null;
}

function saturation(raw) {
  for (const [index, [name, x]] of SENSORS.entries()) {
    const values = raw.map((row) => row.slice(x, x + 3)).filter((vector) => vector.every(Number.isFinite));
    if (!values.length) continue;
    const shares = axes(values).map((axis) => {
      const sizes = axis.map(Math.abs);
      const end = largest(sizes);
      return end > STRONG[index] ? sizes.filter((value) => value > 0.9999 * end).length / sizes.length : 0;
    });
    const share = largest(shares);
    if (share > SATURATED_SHARE) return `the ${name} is at the end of its range in ${percent(share)} of the samples`;
  }
  return null;
}
