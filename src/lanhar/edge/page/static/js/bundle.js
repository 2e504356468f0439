// Everything that the page needs, fetched once: the bundle, onnxruntime's WebAssembly and how the page is served.

import * as ort from "../ort/ort.wasm.bundle.min.mjs";
import { readSettings } from "./samples.js";
import { Tokenizer } from "./tokenizer.js";

/**
 * Fetch all files: `serving`, `manifest` and `bundle` as plain values, `embed` for windows (a promise of an
 * embedding and, where the graph has one, a distance) and `words` for texts (a promise of an embedding; null without).
 */
export async function load(say) {
  const [serving, manifest, preprocessing, bank] = await Promise.all(
    ["serving.json", "bundle/manifest.json", "bundle/preprocessing.json", "bundle/label_bank.json"].map(fetchJson),
  );
  say("Loading the encoder …");
  // One thread: more would need a page that is isolated from all others, and a window takes milliseconds.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await fetchBytes("ort/ort-wasm-simd-threaded.wasm");
  const session = await open(await fetchBytes("bundle/encoder.int8.onnx"));
  const bundle = readBundle(manifest, preprocessing, bank);
  const words = serving.words ? await loadWords(say) : null;
  const embed = oneAtATime((window) => embedWindow(session, window, bundle.settings));
  return { serving, manifest, bundle, words, embed };
}

/** A session cannot run twice at once: each call waits for the one before. */
function oneAtATime(work) {
  let last = Promise.resolve();
  return (input) => {
    const done = last.then(() => work(input));
    last = done.catch(() => {});
    return done;
  };
}

/** What a Recogniser needs, from the content of a bundle's files. */
export function readBundle(manifest, preprocessing, bank) {
  return {
    settings: readSettings(preprocessing),
    labels: bank.labels.map((label) => ({ ...label, embedding: Float32Array.from(label.embedding) })),
    temperature: manifest.temperature,
    unknownThreshold: manifest.unknown_threshold,
    unknown: manifest.unknown ?? null,
  };
}

async function embedWindow(session, window, { windowSamples }) {
  const input = new ort.Tensor("float32", window, [windowSamples, 6]);
  const { embedding, distance } = await session.run({ window: input });
  return { embedding: embedding.data, distance: distance?.data[0] };
}

/** Embeds a text about an activity where the label bank lies, unit length: `lanhar.edge.labels` in JavaScript. */
async function loadWords(say) {
  say("Loading the text encoder …");
  const graph = await fetchBytes("bundle/text_encoder.int8.onnx");
  const file = await fetchJson("bundle/tokenizer.json");
  const tokenizer = new Tokenizer(file);
  const session = await open(graph);
  return oneAtATime((text) => embedText(session, tokenizer.encode(text)));
}

async function embedText(session, ids) {
  const shape = [1, ids.length];
  const results = await session.run({
    input_ids: new ort.Tensor("int64", BigInt64Array.from(ids, BigInt), shape),
    attention_mask: new ort.Tensor("int64", new BigInt64Array(ids.length).fill(1n), shape),
  });
  return results[session.outputNames[0]].data;
}

const open = (bytes) => ort.InferenceSession.create(new Uint8Array(bytes), { executionProviders: ["wasm"] });

async function fetched(path) {
  const response = await fetch(new URL(`../${path}`, import.meta.url));
  if (!response.ok) throw new Error(`${path} could not be loaded (${response.status})`);
  return response;
}

const fetchJson = async (path) => (await fetched(path)).json();
const fetchBytes = async (path) => (await fetched(path)).arrayBuffer();
