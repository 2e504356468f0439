// Names the activity of one device, once a hop: `lanhar.edge.runtime` in JavaScript.
// A prediction has timeS (end of the window), activity (null where unknown), confidence, top (three names with their
// confidences), reason (why it is unknown), and, where the window could be used, shares (of each name) and embedding.

import { complaint, DEGREES } from "./checks.js";
import { fixed, general } from "./numbers.js";
import { uniformWindow, Unusable } from "./samples.js";
import { WindowStream } from "./stream.js";

/** How long a window waits for late samples, seconds. */
const WAIT_S = 0.5;
const NO_CLOCK = "the time stamps jump or stand still, and no window comes of them; deliver seconds";

export class Recogniser {
  /**
   * @param embed window (Float32Array) to a promise of its embedding (Float32Array) and distance.
   * @param bundle settings, labels, temperature and threshold, from `readBundle`.
   */
  constructor(embed, bundle, { hopS = bundle.settings.hopS, smoothing = 0 } = {}) {
    Object.assign(this, { embed, bundle, smoothing });
    this.stream = new WindowStream(bundle.settings, hopS, WAIT_S);
    this.labels = new Map(bundle.labels.map(({ name, embedding }) => [name, embedding]));
    this.added = new Set();
    this.last = Promise.resolve();
    this.past = null;
    this.inDegrees = false;
  }

  get names() {
    return [...this.labels.keys()];
  }

  /** Tell one more activity from the others, from the next window on; a name that is there is replaced. */
  addLabel(name, embedding) {
    const size = Math.hypot(...embedding);
    this.labels.delete(name);
    this.labels.set(name, embedding.map((value) => value / size));
    this.added.add(name);
    this.past = null;
  }

  removeLabel(name) {
    this.labels.delete(name);
    this.added.delete(name);
    this.past = null;
  }

  /** Forget all samples, as at the start of a stream; labels stay. */
  reset() {
    this.stream.reset();
    this.past = null;
    this.inDegrees = false;
  }

  /** Take rows of samples (see samples.js); the predictions that are due now, in the order of the calls. */
  push(rows) {
    const windows = this.stream.push(rows);
    const untimed = this.stream.withoutTime();
    const unclocked = this.stream.withoutClock();
    return this.inOrder(async () => {
      const due = await this.predictAll(windows);
      if (untimed) due.push(this.unusable(NaN, "the time stamps are no seconds; deliver seconds"));
      if (unclocked) due.push(this.unusable(NaN, NO_CLOCK));
      return due;
    });
  }

  /** Predictions of windows that still wait for late samples, at the end of a stream. */
  finish() {
    const windows = this.stream.finish();
    return this.inOrder(() => this.predictAll(windows));
  }

  /** Each window looks at what the one before it left, so none may overtake another. */
  inOrder(work) {
    const done = this.last.then(work);
    this.last = done.catch(() => {});
    return done;
  }

  async predictAll(windows) {
    const found = [];
    for (const [endS, rows] of windows) found.push(await this.predict(endS, rows));
    return found;
  }

  async predict(endS, rows) {
    const startS = endS - this.bundle.settings.windowS;
    let window;
    try {
      window = uniformWindow(rows, startS, this.bundle.settings);
    } catch (error) {
      if (error instanceof Unusable) return this.unusable(endS, error.message);
      throw error;
    }
    const wrong = complaint(window, rows.filter(([time]) => time >= startS && time < endS));
    // Units do not change on the way, but a device that lies still does not show them.
    this.inDegrees ||= wrong === DEGREES;
    if (wrong || this.inDegrees) return this.unusable(endS, wrong ?? DEGREES);
    const { embedding, distance } = await this.embed(window);
    if (!this.labels.size) return this.unusable(endS, "there is no label");
    if (!embedding.every(Number.isFinite)) return this.unusable(endS, "the encoder gives no number");
    return this.named(endS, embedding, distance);
  }

  unusable(timeS, reason) {
    this.past = null;
    return { timeS, activity: null, confidence: 0, top: [], reason };
  }

  named(timeS, embedding, distance) {
    const { temperature, unknownThreshold } = this.bundle;
    const cosines = [...this.labels.values()].map((label) => dot(label, embedding));
    let now = softmax(cosines.map((cosine) => cosine / temperature));
    const probability = 1 - Math.max(...now);
    const { past, smoothing } = this;
    if (past) now = now.map((share, index) => smoothing * past[index] + (1 - smoothing) * share);
    this.past = smoothing ? now : null;
    const shares = new Map(this.names.map((name, index) => [name, now[index]]));
    const top = [...shares].sort((one, other) => other[1] - one[1]).slice(0, 3);
    const [activity, confidence] = top[0];
    const prediction = { timeS, activity, confidence, top, reason: "", shares, embedding };
    if (unknownThreshold !== null && confidence < unknownThreshold) {
      const reason = `a confidence of ${fixed(confidence, 2)}, below ${general(unknownThreshold)}`;
      return { ...prediction, activity: null, reason };
    }
    const reason = this.unlike(activity, distance, probability, 1 - Math.max(...cosines));
    return reason ? { ...prediction, activity: null, reason } : prediction;
  }

  /** Why a window is unlike the training windows by the bundle's own rule, or null. */
  unlike(name, distance, probability, cosine) {
    const { unknown } = this.bundle;
    // A label that was added lies far from all that training saw, by nature.
    if (!unknown || this.added.has(name)) return null;
    const score = { probability, cosine, input_distance: distance, embedding_distance: distance }[unknown.score];
    if (score <= unknown.above) return null;
    const kind = unknown.score.replaceAll("_", " ");
    return `unlike the training windows: ${kind} ${general(score, 3)}, above ${general(unknown.above, 3)}`;
  }
}

/** Cosine of two vectors of unit length. */
export function dot(one, other) {
  let sum = 0;
  for (let n = 0; n < one.length; n += 1) sum += one[n] * other[n];
  return sum;
}

function softmax(scores) {
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - highest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
