// Samples from a CSV file, whatever its columns are called, and predictions as CSV: `lanhar.edge.tables` in JavaScript.

import { fixed } from "./numbers.js";

const AXES = ["acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z"];
const TIMES = {
  time: 1, time_s: 1, timestamp: 1, seconds: 1, seconds_elapsed: 1, t: 1,
  time_ms: 1e-3, timestamp_ms: 1e-3, time_us: 1e-6, timestamp_us: 1e-6, time_ns: 1e-9, timestamp_ns: 1e-9,
};
const SENSOR_NAMES = {
  acc: ["acc", "accel", "accelerometer", "acceleration", "a"],
  gyro: ["gyro", "gyroscope", "rotation", "rotationrate", "g", "w"],
};
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITE = /^[+-]?inf(inity)?$/i;
const COLUMNS = "time_s,activity,confidence,second,second_confidence,third,third_confidence,reason";

/** All rows of a file (see samples.js); throws an Error that says what is wrong with it. */
export function readSamples(text, name) {
  const [header, ...lines] = parsed(text);
  if (!header) throw new Error(`${name} is empty; its first line must name the columns: time,${AXES.join()}`);
  const { columns, unit } = columnsOf(header, name);
  return lines.filter(({ cells }) => cells.some((cell) => cell.trim())).map(({ cells, line }) => {
    const row = columns.map((column) => number(cells[column] ?? "", `${name}, line ${line}`, header.cells[column]));
    row[0] *= unit;
    return row;
  });
}

/** Cells of each record with the number of its line. Quotes may hold commas, not line breaks. */
function parsed(text) {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  return lines.map((line, index) => ({ cells: cellsOf(line), line: index + 1 })).filter(({ cells }) => cells.length);
}

function cellsOf(line) {
  if (!line.includes('"')) return line ? line.split(",") : [];
  const cells = line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return Array.from(cells, ([, within, plain]) => within?.replaceAll('""', '"') ?? plain);
}

function columnsOf({ cells }, name) {
  const plain = cells.map((cell) => cell.trim().toLowerCase().replace(/[^\p{L}\p{N}]/gu, "_"));
  const time = plain.findIndex((cell) => Object.hasOwn(TIMES, cell));
  if (time < 0) {
    throw new Error(`${name} has no column of times; call it time (seconds) or time_ms, it has ${cells.join(", ")}`);
  }
  const columns = AXES.map((axis) => {
    const [sensor, direction] = axis.split("_");
    const spellings = SENSOR_NAMES[sensor].flatMap((word) => [`${word}_${direction}`, `${word}${direction}`]);
    const place = plain.findIndex((cell) => spellings.includes(cell));
    if (place < 0) throw new Error(`${name} has no column ${axis}; it has ${cells.join(", ")}`);
    return place;
  });
  return { columns: [time, ...columns], unit: TIMES[plain[time]] };
}

function number(cell, where, column) {
  const text = cell.trim();
  if (!text || /^[+-]?nan$/i.test(text)) return NaN;
  if (INFINITE.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (!NUMBER.test(text)) throw new Error(`${where}: '${text}' under ${column} is no number`);
  return Number(text);
}

/** Predictions as the CSV that `python -m lanhar.predict` writes. */
export function timeline(predictions) {
  const lines = predictions.map(({ timeS, activity, confidence, top, reason }) => {
    const others = top.slice(1).flatMap(([name, share]) => [name, fixed(share, 4)]);
    while (others.length < 4) others.push("");
    return [fixed(timeS, 3), activity ?? "unknown", fixed(confidence, 4), ...others, reason].map(quoted).join();
  });
  return `${[COLUMNS, ...lines].join("\n")}\n`;
}

const quoted = (cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
