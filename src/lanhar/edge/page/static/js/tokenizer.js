// Words to the numbers of a BERT vocabulary, as the package `tokenizers` makes them from the same tokenizer.json.

const KINDS = { normalizer: "BertNormalizer", pre_tokenizer: "BertPreTokenizer", model: "WordPiece" };
const CHINESE = new RegExp(
  "[\\u4e00-\\u9fff\\u3400-\\u4dbf\\u{20000}-\\u{2a6df}\\u{2a700}-\\u{2b73f}\\u{2b740}-\\u{2b81f}" +
    "\\u{2b920}-\\u{2ceaf}\\uf900-\\ufaff\\u{2f800}-\\u{2fa1f}]",
  "gu",
);
const REMOVED = /(?![\t\n\r])[\0\ufffd\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;
const SPACE = /\p{White_Space}/gu;
const PUNCTUATION = /[!-/:-@[-`{-~\p{P}]/gu;

export class Tokenizer {
  /** @param file the content of a bundle's tokenizer.json. */
  constructor(file) {
    for (const [part, kind] of Object.entries(KINDS)) {
      if (file[part]?.type !== kind) throw new Error(`this page reads no tokenizer with ${part} ${file[part]?.type}`);
    }
    this.normalizer = file.normalizer;
    this.vocabulary = new Map(Object.entries(file.model.vocab));
    this.prefix = file.model.continuing_subword_prefix;
    this.longestWord = file.model.max_input_chars_per_word;
    this.unknown = this.vocabulary.get(file.model.unk_token);
    this.special = new Map(file.added_tokens.map(({ content, id }) => [content, id]));
    /** Ids around a text, which is null. */
    this.template = file.post_processor.single.map((part) => this.special.get(part.SpecialToken?.id) ?? null);
    this.longest = file.truncation?.max_length ?? Infinity;
  }

  /** Token ids of a text, with those at its ends, cut to the encoder's length. */
  encode(text) {
    const room = this.longest - this.template.filter((id) => id !== null).length;
    const ids = this.pieces(text).slice(0, room);
    return this.template.flatMap((id) => (id === null ? ids : [id]));
  }

  /** Special tokens that a text spells out count as such. */
  pieces(text) {
    const spelt = [...this.special.keys()].map((token) => token.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return text.split(new RegExp(`(${spelt.join("|")})`)).flatMap((part) => {
      if (this.special.has(part)) return [this.special.get(part)];
      return this.words(part).flatMap((word) => this.wordPieces(word));
    });
  }

  words(text) {
    return this.normalized(text).replace(PUNCTUATION, " $& ").split(SPACE).filter(Boolean);
  }

  normalized(text) {
    const { clean_text: clean, handle_chinese_chars: chinese, strip_accents: strip, lowercase } = this.normalizer;
    if (clean) text = text.replace(REMOVED, "").replace(SPACE, " ");
    if (chinese) text = text.replace(CHINESE, " $& ");
    if (strip ?? lowercase) text = text.normalize("NFD").replace(/\p{Mn}/gu, "");
    // One character at a time: what stands beside it does not count.
    return lowercase ? Array.from(text, (character) => character.toLowerCase()).join("") : text;
  }

  /** The longest pieces that the vocabulary has, from left to right. */
  wordPieces(word) {
    const characters = Array.from(word);
    if (characters.length > this.longestWord) return [this.unknown];
    const ids = [];
    for (let start = 0, end; start < characters.length; start = end) {
      let id;
      for (end = characters.length; end > start; end -= 1) {
        id = this.vocabulary.get((start ? this.prefix : "") + characters.slice(start, end).join(""));
        if (id !== undefined) break;
      }
      if (id === undefined) return [this.unknown];
      ids.push(id);
    }
    return ids;
  }
}
