// What the page shows. Texts go in as text, never as markup.

import { drawHistory, drawSignal } from "./charts.js";
import { percent } from "./numbers.js";

export const element = Object.fromEntries([...document.querySelectorAll("[id]")].map((node) => [node.id, node]));
/** Predictions that the history shows. */
export const HISTORY = 120;
const COLOURS = 8;

export class View {
  /** @param titles name of an activity to what a person reads. */
  constructor(titles) {
    Object.assign(this, { titles, rows: [], predictions: [], lines: new Map(), colours: new Map() });
    this.drawing = false;
    addEventListener("resize", () => this.draw());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  title(name) {
    return this.titles.get(name) ?? name;
  }

  clear() {
    this.rows = [];
    this.predictions = [];
    element.words.hidden = true;
    element.now.classList.remove("unknown");
    element.activity.textContent = "–";
    element.detail.textContent = "";
    for (const name of this.lines.keys()) this.share(name, undefined);
    this.draw();
  }

  /** Rows of samples as they come; a window's length is kept. */
  signal(rows, windowS) {
    this.rows.push(...rows);
    const { length } = this.rows;
    if (length > 64) this.rows = this.rows.filter((row) => row[0] > this.rows[length - 1][0] - windowS);
    this.draw();
  }

  /** One line for each activity; `remove` is called with the name of one that is to go, where it can. */
  labels(names, remove) {
    const used = new Set(names.map((name) => this.colours.get(name)));
    for (const name of names.filter((name) => !this.colours.has(name))) {
      const free = Array.from({ length: COLOURS }, (_, n) => `--label-${n}`).find((colour) => !used.has(colour));
      this.colours.set(name, free ?? `--label-${names.indexOf(name) % COLOURS}`);
      used.add(free);
    }
    this.lines = new Map(names.map((name) => [name, this.line(name, remove)]));
    element.labels.replaceChildren(...[...this.lines.values()].map(({ node }) => node));
    this.draw();
  }

  line(name, remove) {
    const node = document.createElement("li");
    const [dot, title, bar, share] = ["dot", "title", "bar", "share"].map((part) => made("span", part));
    const filled = bar.appendChild(made("b"));
    const button = made("button");
    dot.style.background = filled.style.background = `var(${this.colours.get(name)})`;
    title.textContent = this.title(name);
    button.type = "button";
    button.textContent = "×";
    button.setAttribute("aria-label", `Remove ${this.title(name)}`);
    button.addEventListener("click", () => remove(name));
    node.append(dot, title, bar, share, button);
    return { node, filled, share };
  }

  share(name, value) {
    const { filled, share } = this.lines.get(name);
    filled.style.transform = `scaleX(${value ?? 0})`;
    share.textContent = value === undefined ? "" : percent(value);
  }

  /** A prediction, and the description that is nearest to it. */
  prediction(found, description) {
    this.predictions.push(found);
    if (this.predictions.length > HISTORY) this.predictions.shift();
    const { activity, confidence, reason, shares } = found;
    element.now.classList.toggle("unknown", activity === null);
    // Screen readers speak what changes, so nothing is written twice.
    const title = activity === null ? "unknown" : this.title(activity);
    if (element.activity.textContent !== title) element.activity.textContent = title;
    element.detail.textContent = activity === null ? reason : `${percent(confidence)} confident`;
    for (const name of this.lines.keys()) this.share(name, shares?.get(name));
    if (activity !== null) this.describe(description);
    this.draw();
  }

  describe(text) {
    element.words.hidden = !text;
    if (element.nearest.dataset.text === text) return;
    element.nearest.dataset.text = text;
    element.nearest.replaceChildren(...text.split("\n").filter(Boolean).flatMap((line) => {
      const [, key, rest] = /^([^:]{1,24}):\s+(.+)$/.exec(line) ?? [null, null, line];
      const words = made("dd");
      words.textContent = rest;
      if (key === null) return [words];
      const about = made("dt");
      about.textContent = key;
      return [about, words];
    }));
  }

  draw() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      drawSignal(element.signal, this.rows);
      drawHistory(element.history, this.predictions, [...this.lines.keys()], this.colours, HISTORY);
    });
  }
}

function made(tag, className = "") {
  const node = document.createElement(tag);
  node.className = className;
  return node;
}

export function say(text, wrong = false) {
  element.status.textContent = text;
  element.status.classList.toggle("wrong", wrong);
}
