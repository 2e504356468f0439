// The activities that a person typed, kept in this browser and nowhere else, for the bundle whose words they are.

const PREFIX = "lanhar.labels.";

export class TypedLabels {
  /** @param bundle digest of the bundle: in another one the same words lie elsewhere. */
  constructor(bundle) {
    this.key = PREFIX + bundle;
  }

  /** Name, text and embedding (Float32Array) of each, in the order typed; what cannot be read is left out. */
  all() {
    try {
      const found = JSON.parse(localStorage.getItem(this.key)) ?? [];
      return found.filter(whole).map((label) => ({ ...label, embedding: Float32Array.from(label.embedding) }));
    } catch {
      return [];
    }
  }

  /** Keep one, in the place of one of the same name; whether this browser keeps anything. */
  add(label) {
    return this.write([...this.all().filter(({ name }) => name !== label.name), label]);
  }

  remove(name) {
    return this.write(this.all().filter((label) => label.name !== name));
  }

  write(labels) {
    try {
      if (labels.length) {
        const plain = labels.map((label) => ({ ...label, embedding: Array.from(label.embedding) }));
        localStorage.setItem(this.key, JSON.stringify(plain));
      } else localStorage.removeItem(this.key);
      return true;
    } catch {
      return false;
    }
  }
}

function whole({ name, text, embedding }) {
  return [name, text].every((value) => typeof value === "string") && embedding.every(Number.isFinite);
}
