// The page: what its buttons do.

import { load } from "./bundle.js";
import { keepOffline, lockConnections } from "./lock.js";
import { askPermission, Motion } from "./motion.js";
import { Descriptions } from "./nearest.js";
import { Recogniser } from "./recogniser.js";
import { readSamples, timeline } from "./table.js";
import { TypedLabels } from "./typed.js";
import { element, say, View } from "./view.js";

/** Samples of a recording that are read at once, as `python -m lanhar.predict` does. */
const BLOCK = 256;
/** A day of predictions. */
const MOST_KEPT = 86400;
const HOLD_MS = 2000;
const HEARD_MS = 3000;

class Page {
  constructor({ serving, bundle, words, embed }) {
    Object.assign(this, { bundle, words });
    this.recogniser = new Recogniser(embed, bundle, { hopS: serving.hop_s ?? undefined, smoothing: serving.smoothing });
    this.descriptions = new Descriptions(bundle.labels);
    this.view = new View(new Map(bundle.labels.map(({ name, title }) => [name, title])));
    this.kept = [];
    this.typed = new TypedLabels(serving.bundle);
    for (const label of this.typed.all()) this.use(label);
    this.showLabels();
  }

  showLabels() {
    this.view.labels(this.recogniser.names, (name) => {
      this.recogniser.removeLabel(name);
      this.typed.remove(name);
      this.showLabels();
    });
  }

  use({ name, text, embedding }) {
    this.recogniser.addLabel(name, embedding);
    this.descriptions.add(name, text, embedding);
    this.view.titles.set(name, name);
  }

  begin() {
    this.recogniser.reset();
    this.view.clear();
    this.kept = [];
    element.detail.textContent = `The first answer comes after ${this.bundle.settings.windowS} s.`;
    element.save.disabled = true;
  }

  show(predictions) {
    for (const { embedding, ...prediction } of predictions) {
      const { activity, shares, ...core } = prediction;
      this.kept.push({ activity, ...core });
      if (this.kept.length > MOST_KEPT) this.kept.shift();
      this.view.prediction(prediction, activity === null ? "" : this.descriptions.of(activity, embedding));
    }
    element.save.disabled = !this.kept.length;
  }

  async take(rows) {
    this.view.signal(rows, this.bundle.settings.windowS);
    this.show(await this.recogniser.push(rows));
  }

  async replay(file) {
    const rows = readSamples(await file.text(), file.name);
    this.begin();
    for (let start = 0; start < rows.length; start += BLOCK) {
      await this.take(rows.slice(start, start + BLOCK));
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.show(await this.recogniser.finish());
    const { windowS } = this.bundle.settings;
    if (!this.kept.length) throw new Error(`${file.name} holds no window of ${windowS} s; record longer`);
    return this.kept.length;
  }

  async start() {
    await askPermission();
    this.begin();
    this.motion = new Motion(
      (row) => this.take([row]).catch((error) => say(error.message, true)),
      () => this.recogniser.reset(),
    );
    const { motion } = this;
    setTimeout(() => {
      if (!motion.heard && this.motion === motion) say("No motion comes from this device.", true);
    }, HEARD_MS);
    await this.keepAwake();
  }

  /** A dark screen gets no motion; the browser gives the lock back whenever the page is out of sight. */
  async keepAwake() {
    if (this.motion) this.awake = await navigator.wakeLock?.request("screen").catch(() => null);
  }

  async stop() {
    this.motion.stop();
    this.motion = null;
    await this.awake?.release();
    this.show(await this.recogniser.finish());
  }

  /** Add a label in words; whether it will be there when the page is loaded anew. */
  async add(name, text) {
    const label = { name, text, embedding: await this.words(text) };
    this.use(label);
    this.showLabels();
    return this.typed.add(label);
  }
}

/** Run what a button does; a mistake becomes one line. */
function onClick(button, work) {
  button.addEventListener("click", () => Promise.resolve(work()).catch((error) => say(error.message, true)));
}

function wireSensors(page) {
  onClick(element.start, async () => {
    if (page.motion) await page.stop();
    else await page.start();
    const live = Boolean(page.motion);
    element.start.textContent = live ? "Stop" : "Start";
    element.pocket.hidden = !live;
    element.replay.hidden = live;
    say(live ? "Listening on this phone" : "Stopped");
  });
  document.addEventListener("visibilitychange", () => document.hidden || page.keepAwake());
  onClick(element.pocket, () => element.cover.showModal());
  let held;
  element.cover.addEventListener("pointerdown", () => (held = setTimeout(() => element.cover.close(), HOLD_MS)));
  for (const end of ["pointerup", "pointercancel"]) element.cover.addEventListener(end, () => clearTimeout(held));
}

function wireReplay(page) {
  onClick(element.replay, () => element.file.click());
  element.file.addEventListener("change", async () => {
    const [file] = element.file.files;
    if (!file) return;
    element.start.disabled = element.replay.disabled = true;
    try {
      say(`Reading ${file.name} …`);
      say(`${await page.replay(file)} windows of ${file.name}`);
    } catch (error) {
      say(error.message, true);
    }
    element.file.value = "";
    element.start.disabled = element.replay.disabled = false;
  });
  onClick(element.save, () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([timeline(page.kept)], { type: "text/csv" }));
    link.download = "timeline.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  });
}

function wireWords(page) {
  for (const { name, title } of page.bundle.labels) element.like.append(new Option(title, name));
  element.like.addEventListener("change", () => {
    const like = page.bundle.labels.find(({ name }) => name === element.like.value);
    if (like) element.text.value = like.interpretations[0];
  });
  onClick(element.add, () => element.new.showModal());
  onClick(element.cancel, () => element.new.close());
  element.new.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const [name, text] = [element.name.value.trim(), element.text.value.trim()];
    element.refused.textContent = name && text ? "" : "Write a name and some words.";
    if (!name || !text) return;
    element.confirm.disabled = true;
    try {
      const kept = await page.add(name, text);
      element.new.close();
      event.target.reset();
      say(kept ? `${name} was added` : `${name} was added until the page is loaded anew: this browser keeps nothing`);
    } catch (error) {
      element.refused.textContent = error.message;
    }
    element.confirm.disabled = false;
  });
}

async function about({ serving, manifest }, notOffline) {
  element.privacy.textContent =
    "Everything is computed here. Once loaded, the page has told this browser to refuse every further connection, " +
    "so no sample and no word leaves it. Activities that you add are kept in this browser until you take them out.";
  element.offline.textContent = `Offline: ${notOffline ? `no, ${notOffline}` : "yes, every file is kept here"}.`;
  const { run, metrics } = manifest;
  if (run && metrics) {
    const right = `${(100 * metrics.after_quantisation.accuracy).toFixed(1)} % right`;
    const where = `on ${metrics.tested_on.join(", ")} (${metrics.protocol})`;
    const share = metrics.unknown_share ?? 0;
    const unknown = share ? ` with an answer for every window; ${(100 * share).toFixed(1)} % are called unknown` : "";
    element.origin.textContent = `Trained on ${run.source.join(", ")}; ${right} ${where}${unknown}.`;
  }
  if (!serving.address) return;
  element.phone.hidden = false;
  element.trust.hidden = !serving.certificate;
  element.address.textContent = element.address.href = serving.address;
  element.code.src = "qr.svg";
  await element.code.decode();
}

async function main() {
  const notOffline = await keepOffline();
  const loaded = await load(say);
  await about(loaded, notOffline);
  lockConnections();
  const page = new Page(loaded);
  wireSensors(page);
  wireReplay(page);
  element.start.disabled = element.replay.disabled = false;
  if (loaded.words) {
    wireWords(page);
    element.add.disabled = false;
    page.descriptions.embedAll(loaded.words).catch((error) => say(error.message, true));
  } else element.add.title = "This bundle has no text encoder.";
  document.documentElement.dataset.ready = notOffline ? "online" : "offline";
  say(notOffline ? "Ready" : "Ready, also offline");
}

main().catch((error) => say(error.message, true));
