// Samples with time stamps of any rate and order, and the uniform windows in them: `lanhar.edge.samples` in JavaScript.
// A row is [time in seconds, acc x, y, z in m/s² with gravity, gyro x, y, z in rad/s]; NaN where a sensor has no value.

import { fixed, general, roundHalfEven } from "./numbers.js";

/** Name of a sensor and the column of its x axis. */
export const SENSORS = [["accelerometer", 1], ["gyroscope", 4]];
const FILTERS_KEPT = 16;
const filters = new Map();

/** A window cannot be had from the samples; the message says why. */
export class Unusable extends Error {}

/** What happens to samples before the encoder, from the content of a bundle's preprocessing.json. */
export function readSettings(file) {
  const { gaps, resampling } = file;
  return {
    rateHz: file.rate_hz,
    windowSamples: file.window_samples,
    windowS: file.window_samples / file.rate_hz,
    hopS: file.hop_s,
    ratesHz: file.accepted_rates_hz,
    gapPeriods: gaps.sampling_periods,
    shortestGapS: gaps.but_at_least_s,
    passBand: resampling.cutoff_share_of_lower_nyquist,
    filterPeriods: resampling.reach_in_periods_of_lower_rate,
    kaiserBeta: resampling.window.beta,
  };
}

/** The last samples as they came, `most` of them at most. */
export class SampleBuffer {
  constructor(most) {
    this.most = most;
    this.rows = [];
  }

  add(rows) {
    for (const row of rows) this.rows.push(row);
    if (this.rows.length > this.most) this.rows.splice(0, this.rows.length - this.most);
  }

  forget(beforeS) {
    this.rows = this.rows.filter((row) => row[0] >= beforeS);
  }

  /** Rows from one time to another, in order. */
  between(startS, endS) {
    return this.rows.filter((row) => row[0] >= startS && row[0] <= endS).sort((one, other) => one[0] - other[0]);
  }
}

/** Seconds beside a window that its filter may look at, at the lowest rate that is accepted. */
export const reachS = (settings) => settings.filterPeriods / Math.min(settings.rateHz, settings.ratesHz[0]);

/** A window at the working rate, row by row as the encoder takes it; throws Unusable. */
export function uniformWindow(rows, startS, settings) {
  const { rateHz, windowSamples, ratesHz: [low, high] } = settings;
  const endS = startS + (windowSamples - 1) / rateHz;
  const sensors = sensorsOf(rows);
  const measuredHz = Math.max(...sensors.map((sensor) => checkedRate(sensor, startS, endS, settings)));
  if (!(measuredHz >= low && measuredHz <= high)) {
    throw new Unusable(`${general(measuredHz)} samples a second; deliver ${general(low)} to ${general(high)}`);
  }
  if (measuredHz === rateHz) {
    return interleaved(onClock(sensors, (n) => startS + n / rateHz, windowSamples), windowSamples);
  }
  const { outputs, first, length } = filter(measuredHz, settings);
  const columns = onClock(sensors, (n) => startS + (first + n) / measuredHz, length);
  return interleaved(columns.map((column) => outputs.map((output) => weighted(output, column))), windowSamples);
}

/** Each sensor with the values that it has, or both as one where every row holds both. */
function sensorsOf(rows) {
  if (rows.every((row) => row.every(Number.isFinite))) return [sensor(SENSORS[0][0], rows, [1, 2, 3, 4, 5, 6])];
  return SENSORS.map(([name, x]) => {
    const columns = [x, x + 1, x + 2];
    return sensor(name, rows.filter((row) => columns.every((column) => Number.isFinite(row[column]))), columns);
  });
}

/** Of samples in order that share a time stamp the first counts. */
function sensor(name, rows, columns) {
  const tidy = rows.filter((row, index) => index === 0 || row[0] > rows[index - 1][0]);
  return { name, times: tidy.map((row) => row[0]), values: columns.map((column) => tidy.map((row) => row[column])) };
}

/** The rate of a sensor in whole Hz; steps over a lost sample do not count. */
function checkedRate({ name, times }, startS, endS, { gapPeriods, shortestGapS }) {
  if (times.length < 2) throw new Unusable(`the ${name} is silent`);
  const steps = differences(times);
  const middle = median(steps);
  const limit = Math.max(gapPeriods * middle, shortestGapS);
  // Samples up to one gap away hold the ends of a window.
  const near = times.filter((time) => time >= startS - limit && time < endS + limit);
  const clipped = near.map((time) => Math.min(Math.max(time, startS), endS));
  const longest = differences([startS, ...clipped, endS]).reduce((one, other) => Math.max(one, other));
  if (longest > limit) throw new Unusable(`the ${name} has a gap of ${fixed(longest, 1)} s`);
  const regular = steps.filter((step) => step < 1.5 * middle);
  return roundHalfEven(1 / (regular.reduce((sum, step) => sum + step, 0) / regular.length));
}

const differences = (values) => values.slice(1).map((value, index) => value - values[index]);

function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Columns of all sensors on one clock, by straight lines between neighbours; the ends go on level. */
function onClock(sensors, clock, length) {
  return sensors.flatMap(({ times, values }) => values.map((column) => lines(times, column, clock, length)));
}

function lines(times, column, clock, length) {
  const last = times.length - 1;
  let before = 0;
  return Float64Array.from({ length }, (_, n) => {
    const time = clock(n);
    if (time <= times[0]) return column[0];
    if (time >= times[last]) return column[last];
    while (times[before + 1] <= time) before += 1;
    const slope = (column[before + 1] - column[before]) / (times[before + 1] - times[before]);
    return slope * (time - times[before]) + column[before];
  });
}

function interleaved(columns, length) {
  const window = new Float32Array(length * columns.length);
  columns.forEach((column, place) => {
    for (let n = 0; n < length; n += 1) window[n * columns.length + place] = column[n];
  });
  return window;
}

function weighted({ start, weights }, column) {
  let sum = 0;
  for (let k = 0; k < weights.length; k += 1) sum += weights[k] * column[start + k];
  return sum;
}

/** A Kaiser-windowed sinc for each sample of a window, and how many samples at the measured rate it looks at. */
function filter(fromHz, settings) {
  const { rateHz: toHz, windowSamples, filterPeriods } = settings;
  const key = [fromHz, toHz, windowSamples].join();
  if (!filters.has(key)) {
    if (filters.size === FILTERS_KEPT) filters.delete(filters.keys().next().value);
    const reach = filterPeriods / Math.min(fromHz, toHz);
    const first = -Math.floor(reach * fromHz);
    const length = Math.ceil(((windowSamples - 1) / toHz) * fromHz) - 2 * first + 1;
    const output = (_, n) => oneOutput(n / toHz, first, length, fromHz, settings);
    const outputs = Array.from({ length: windowSamples }, output);
    filters.set(key, { outputs, first, length });
  }
  return filters.get(key);
}

/** The weights of one sample of a window, which sum to 1. */
function oneOutput(timeS, first, length, fromHz, { rateHz, filterPeriods, passBand, kaiserBeta }) {
  const low = Math.min(fromHz, rateHz);
  const reach = filterPeriods / low;
  const start = Math.max(0, Math.ceil((timeS - reach) * fromHz) - first - 1);
  const end = Math.min(length, Math.floor((timeS + reach) * fromHz) - first + 2);
  const weights = Float64Array.from({ length: end - start }, (_, k) => {
    const apart = timeS - (first + start + k) / fromHz;
    if (Math.abs(apart) > reach) return 0;
    return sinc(passBand * low * apart) * bessel(kaiserBeta * Math.sqrt(Math.max(0, 1 - (apart / reach) ** 2)));
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { start, weights: weights.map((weight) => weight / sum) };
}

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The modified Bessel function of order 0, by its power series. */
function bessel(x) {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
