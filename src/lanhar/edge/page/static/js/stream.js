// The clock of a stream: which windows are due, from samples that come late, twice, out of order or not at all.
// `lanhar.edge.stream` in JavaScript.

import { reachS, SampleBuffer } from "./samples.js";

/** So many samples in a row that are far from the stream's clock are a new clock, fewer are wild time stamps. */
const RESTART_SAMPLES = 50;
/** So many new clocks in a row without a window are no clock. */
const FRUITLESS_RESTARTS = 3;
/** So many samples that do not bring the clock forward are no stream. */
const STILL_SAMPLES = 1000;
/** Three thousand years. Milliseconds and nanoseconds since 1970 are beyond it. */
const LATEST_S = 1e11;

/** Cuts a stream into the spans of its windows, one a hop, as soon as each is complete. */
export class WindowStream {
  constructor(settings, hopS, waitS) {
    Object.assign(this, { settings, hopS, waitS });
    /** Samples that came too late for any window to come, or without a usable time. */
    this.ignored = 0;
    this.untimed = this.restarts = this.still = 0;
    this.reset();
  }

  /** Forget all samples and begin a new clock with the next. */
  reset() {
    const { settings } = this;
    this.besideS = reachS(settings);
    const seconds = settings.windowS + this.hopS + this.waitS + 2 * this.besideS;
    this.buffer = new SampleBuffer(Math.floor(2 * seconds * settings.ratesHz[1]));
    this.endS = this.newestS = NaN;
    this.far = 0;
  }

  /** Take rows; [end in seconds, rows in order that reach beyond the window] of each window that is complete now. */
  push(rows) {
    const oldest = this.oldestS();
    const latest = this.newestS + this.settings.windowS;
    if (rows.length && rows.every(([time]) => time >= oldest && time <= latest)) {
      this.far = this.untimed = 0;
      return this.take(rows);
    }
    return this.sortedOut(this.timed(rows));
  }

  sortedOut(rows) {
    const windows = [];
    while (rows.length) {
      const near = this.near(rows.map(([time]) => time));
      const last = near.lastIndexOf(true) + 1;
      if (last) {
        const kept = rows.slice(0, last).filter((_, index) => near[index]);
        this.ignored += last - kept.length;
        this.far = 0;
        windows.push(...this.take(kept));
        rows = rows.slice(last);
        continue;
      }
      this.far += rows.length;
      if (this.far < RESTART_SAMPLES) {
        this.ignored += rows.length;
        break;
      }
      windows.push(...this.finish());
      this.reset();
      this.restarts += 1;
    }
    return windows;
  }

  /** The windows that still wait for late samples, at the end of a stream. */
  finish() {
    // A window ends one period after its last sample.
    return this.due(this.newestS + 1 / this.settings.rateHz + 1e-6);
  }

  /** Whether many samples in a row had no time in seconds; asked once, it starts to count anew. */
  withoutTime() {
    if (this.untimed < RESTART_SAMPLES) return false;
    this.untimed = 0;
    return true;
  }

  /** Whether time jumps or stands still again and again, so that no window comes; asked once, it counts anew. */
  withoutClock() {
    if (this.restarts < FRUITLESS_RESTARTS && this.still < STILL_SAMPLES) return false;
    this.restarts = this.still = 0;
    return true;
  }

  timed(rows) {
    const timed = rows.filter(([time]) => Math.abs(time) < LATEST_S);
    const lost = rows.length - timed.length;
    this.ignored += lost;
    this.untimed = lost ? this.untimed + lost : 0;
    return timed;
  }

  /** Which samples belong to the stream's clock: none too late, none after a hole as long as a window. */
  near(times) {
    const { windowS } = this.settings;
    const begun = !Number.isNaN(this.newestS);
    const newest = begun ? this.newestS : times[0];
    const oldest = begun ? this.oldestS() : times[0] - windowS;
    // The stream may go on as long as no step is that long.
    const later = [newest, ...times.filter((time) => time > newest).sort((one, other) => one - other)];
    const hole = later.findIndex((time, index) => index + 1 < later.length && later[index + 1] - time > windowS);
    const latest = hole < 0 ? Infinity : later[hole];
    return times.map((time) => time >= oldest && time <= latest);
  }

  /** Samples from before this time are in no window to come. */
  oldestS() {
    return this.endS - this.settings.windowS - this.besideS;
  }

  take(rows) {
    const times = rows.map(([time]) => time);
    const last = times.reduce((one, other) => Math.max(one, other));
    if (Number.isNaN(this.endS)) {
      this.newestS = times.reduce((one, other) => Math.min(one, other));
      this.endS = this.newestS + this.settings.windowS;
    }
    this.still = last > this.newestS ? 0 : this.still + rows.length;
    this.newestS = Math.max(this.newestS, last);
    this.buffer.add(rows);
    return this.due(this.newestS - this.waitS);
  }

  due(untilS) {
    const windows = [];
    while (this.endS <= untilS) {
      const startS = this.endS - this.settings.windowS;
      const rows = this.buffer.between(startS - this.besideS, this.endS + this.besideS);
      // A hop without a sample has no window of its own.
      if (rows.some(([time]) => time > this.endS - this.hopS && time <= this.endS)) {
        windows.push([this.endS, rows]);
        this.restarts = 0;
      }
      this.endS += this.hopS;
      this.buffer.forget(this.oldestS());
    }
    return windows;
  }
}
