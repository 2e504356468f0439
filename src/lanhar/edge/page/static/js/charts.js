// Two pictures: the signal of the last window, and the confidences of the last minutes.

const SIGNAL_S = 6;
const AXES = ["--x", "--y", "--z"];
/** Rows that a screen can show; more would only be drawn over each other. */
const MOST_POINTS = 600;
/** Room for a line of text, pixels. */
const CAPTION = 14;

function prepared(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.lineJoin = "round";
  pen.font = "11px system-ui, sans-serif";
  return { pen, width, height, colour: (name) => getComputedStyle(canvas).getPropertyValue(name) };
}

/** Acceleration above, rotation below: rows as in samples.js, in order. */
export function drawSignal(canvas, rows) {
  const { pen, width, height, colour } = prepared(canvas);
  const half = height / 2;
  const end = rows.length ? rows.at(-1)[0] : 0;
  const every = Math.ceil(rows.length / MOST_POINTS);
  const shown = rows.filter((row, index) => row[0] > end - SIGNAL_S && index % every === 0);
  for (const [place, [name, least, x]] of [["acceleration, m/s²", 12, 1], ["rotation, rad/s", 2, 4]].entries()) {
    const middle = half * (place + 0.5) + CAPTION / 2;
    const sizes = (row) => row.slice(x, x + 3).filter(Number.isFinite).map(Math.abs);
    const reach = shown.reduce((most, row) => Math.max(most, ...sizes(row)), least);
    const down = (value) => middle - (value / reach) * ((half - CAPTION) / 2 - 2);
    pen.strokeStyle = colour("--line");
    line(pen, [[0, middle], [width, middle]], 1);
    AXES.forEach((axis, column) => {
      pen.strokeStyle = colour(axis);
      const across = (time) => width * (1 - (end - time) / SIGNAL_S);
      line(pen, shown.map((row) => [across(row[0]), down(row[x + column])]), 1.5);
    });
    pen.fillStyle = colour("--soft");
    pen.fillText(`${name}  ±${Math.ceil(reach)}`, 0, half * place + 11);
  }
}

/** Shares of each activity (0 to 1), one step a prediction, the newest at the right; gaps where it was unknown. */
export function drawHistory(canvas, predictions, names, colours, steps) {
  const { pen, width, height, colour } = prepared(canvas);
  const top = 4;
  const down = (share) => top + (1 - share) * (height - 2 * top);
  pen.strokeStyle = colour("--line");
  for (const share of [0, 0.5, 1]) line(pen, [[0, down(share)], [width, down(share)]], 1);
  const across = (index) => width - 2 - ((predictions.length - 1 - index) * (width - 4)) / (steps - 1);
  for (const name of names) {
    pen.strokeStyle = pen.fillStyle = colour(colours.get(name));
    line(pen, predictions.map(({ shares }, index) => [across(index), down(shares?.get(name) ?? NaN)]), 2);
    const now = predictions.at(-1)?.shares?.get(name);
    if (now !== undefined) dot(pen, across(predictions.length - 1), down(now));
  }
}

function dot(pen, x, y) {
  pen.beginPath();
  pen.arc(x, y, 2, 0, 2 * Math.PI);
  pen.fill();
}

/** A line through points; one without a number breaks it. */
function line(pen, points, thickness) {
  pen.lineWidth = thickness;
  pen.beginPath();
  let down = false;
  for (const [x, y] of points) {
    if (!Number.isFinite(y)) down = false;
    else if (down) pen.lineTo(x, y);
    else pen.moveTo(x, y);
    down = Number.isFinite(y);
  }
  pen.stroke();
}
