// Which of an activity's descriptions is nearest to a window.

import { dot } from "./recogniser.js";

export class Descriptions {
  /** @param labels of a bundle: name and interpretations. */
  constructor(labels) {
    this.texts = new Map();
    for (const { name, interpretations } of labels) {
      this.texts.set(name, interpretations.map((text) => ({ text, embedding: null })));
    }
  }

  add(name, text, embedding) {
    this.texts.set(name, [{ text, embedding }]);
  }

  /** Embed all descriptions, one whenever the page has nothing else to do. */
  async embedAll(words) {
    for (const entry of [...this.texts.values()].flat()) {
      await new Promise((resolve) => (globalThis.requestIdleCallback ?? setTimeout)(resolve));
      entry.embedding ??= await words(entry.text);
    }
  }

  /** The nearest description of an activity; its first one until they are embedded. */
  of(name, embedding) {
    const known = (this.texts.get(name) ?? []).filter((entry) => entry.embedding);
    const nearest = known.reduce((best, entry) => {
      const cosine = dot(entry.embedding, embedding);
      return best && best.cosine >= cosine ? best : { text: entry.text, cosine };
    }, null);
    return nearest?.text ?? this.texts.get(name)?.[0]?.text ?? "";
  }
}
