/**
 * A tokenizer.json as the `tokenizer.ggml.*` fields of a GGUF file. llama.cpp knows two kinds that our families have: SentencePiece's
 * ("llama": BPE over characters with ▁ for spaces and bytes to fall back to) and byte-level BPE ("gpt2"), for which it has to know by
 * name how text is cut before merging.
 */
import { TabTuneError } from "../../errors.ts";
import type { GgufFields } from "../../weights/formats/gguf.ts";
import { counted } from "../../words.ts";

interface Stage {
  type: string;
  pattern?: { Regex?: string };
  individual_digits?: boolean;
  use_regex?: boolean;
  prepend_scheme?: string;
  add_prefix_space?: boolean;
  pretokenizers?: Stage[];
  normalizers?: Stage[];
}

interface TokenizerJson {
  model: {
    type?: string;
    vocab: Record<string, number>;
    merges: (string | [string, string])[];
    byte_fallback?: boolean;
  };
  normalizer?: Stage | null;
  pre_tokenizer?: Stage | null;
  added_tokens?: { id: number; content: string; special: boolean }[];
}

export interface TokenFacts {
  tokenizerJson: string;
  /** Rows of the embedding: as many tokens the file has. */
  rows: number;
  /** -1 where there is none. */
  bosId: number;
  padId: number;
  addsBos: boolean;
  /** Any of these ends an answer; the first is the end of text. */
  eosIds: readonly number[];
}

/** What is told of a tokenizer beside its fields. */
export interface Tokens {
  fields: GgufFields;
  notes: string[];
}

/** llama.cpp's numbers of kinds of tokens. */
const [NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE] = [1, 2, 3, 4, 5, 6];

/** Throws TabTuneError "unsupported-model" for a tokenizer that llama.cpp would read otherwise. */
export function tokenFields(facts: TokenFacts): Tokens {
  const json = JSON.parse(facts.tokenizerJson) as TokenizerJson;
  if (json.model.type !== "BPE") throw refuse(`is of the kind ${json.model.type}`);
  const merges = json.model.merges.map((m): [string, string] => {
    const at = typeof m === "string" ? m.indexOf(" ") : 0;
    return typeof m === "string" ? [m.slice(0, at), m.slice(at + 1)] : m;
  });
  const isPieces = json.model.byte_fallback === true;
  const pre = isPieces ? "default" : cutting(json);
  const { tokens, types, dropped } = tokenList(json, facts.rows, isPieces);
  const has = (id: number | undefined): id is number => id !== undefined && id >= 0 && id < tokens.length;
  const space = spaceInFront(json);
  // llama.cpp's word for the kind, and what it reads of it beside the tokens.
  const kinds: Record<string, GgufFields> = isPieces
    ? {
        llama: {
          "tokenizer.ggml.scores": { f32s: scoresOf(tokens, merges) },
          "tokenizer.ggml.add_space_prefix": { bool: space !== "never" },
        },
      }
    : { gpt2: { "tokenizer.ggml.merges": { texts: merges.map((m) => m.join(" ")) } } };
  const [kind, own] = Object.entries(kinds)[0]!;
  const unknown = types.indexOf(UNKNOWN);
  const ids = {
    bos: facts.bosId,
    eos: facts.eosIds[0],
    eot: facts.eosIds[1],
    unknown,
    padding: facts.padId,
  };
  const loose = isPieces ? looseTokens(json.model.vocab, merges) : 0;
  return {
    fields: {
      "tokenizer.ggml.model": { text: kind },
      "tokenizer.ggml.pre": { text: pre },
      "tokenizer.ggml.tokens": { texts: tokens },
      "tokenizer.ggml.token_type": { i32s: types },
      ...own,
      ...Object.fromEntries(
        Object.entries(ids)
          .filter(([, id]) => has(id))
          .map(([name, id]) => [`tokenizer.ggml.${name}_token_id`, { u32: id! }]),
      ),
      "tokenizer.ggml.add_bos_token": { bool: facts.addsBos },
      "tokenizer.ggml.add_eos_token": { bool: false },
    },
    notes: [
      isPieces && space === "first"
        ? "llama.cpp puts a space in front of text behind every special token and picture, where training put one at the beginning alone: prompts may be cut into other tokens there."
        : "",
      dropped > 0
        ? `${counted(dropped, "token")} of the tokenizer ${dropped === 1 ? "has" : "have"} no row in the model's embedding and ${dropped === 1 ? "is" : "are"} left out of the GGUF file.`
        : "",
      facts.eosIds.length > 2
        ? `llama.cpp ends an answer at two tokens, and the model at ${facts.eosIds.length}: some answers may go on past their end there.`
        : "",
      loose > 0
        ? `llama.cpp may cut rare words otherwise than in training: ${counted(loose, "token")} of the tokenizer can be put together in ways that its merges leave out, and llama.cpp goes by the tokens alone.`
        : "",
    ].filter((note) => note !== ""),
  };
}

function tokenList({ model, added_tokens = [] }: TokenizerJson, rows: number, isPieces: boolean) {
  const tokens = Array.from({ length: rows }, (_, i) => `[PAD${i}]`);
  const types = tokens.map(() => UNUSED!);
  let dropped = 0;
  const put = (id: number, text: string, type: number): void => {
    if (id >= rows) dropped++;
    else [tokens[id], types[id]] = [text, type];
  };
  const added = new Set(added_tokens.map(({ id }) => id));
  for (const [text, id] of Object.entries(model.vocab)) {
    if (!added.has(id)) put(id, text, isPieces && /^<0x[0-9A-F]{2}>$/.test(text) ? BYTE! : NORMAL!);
  }
  for (const { id, content, special } of added_tokens) {
    const isUnknown = isPieces && content === "<unk>";
    put(id, content, isUnknown ? UNKNOWN! : special ? CONTROL! : USER_DEFINED!);
  }
  return { tokens, types, dropped };
}

/** SentencePiece merges what gives the token of the highest score: the earlier its merge stands, the higher. */
function scoresOf(tokens: readonly string[], merges: readonly (readonly [string, string])[]): number[] {
  const ranks = new Map<string, number>();
  merges.forEach(([left, right], rank) => {
    const text = left + right;
    if (!ranks.has(text)) ranks.set(text, rank);
  });
  return tokens.map((token) => -(ranks.get(token) ?? merges.length));
}

/** Tokens of which two others are the parts without a merge that says so: SentencePiece's own tokenizers have none. */
function looseTokens(vocab: Record<string, number>, merges: readonly (readonly [string, string])[]): number {
  const known = new Set(merges.map(([left, right]) => `${left}\0${right}`));
  const merged = new Set(merges.map(([left, right]) => left + right));
  const isLoose = (text: string): boolean => {
    for (let i = 1; i < text.length; i++) {
      const [left, right] = [text.slice(0, i), text.slice(i)];
      if (Object.hasOwn(vocab, left) && Object.hasOwn(vocab, right) && !known.has(`${left}\0${right}`)) return true;
    }
    return false;
  };
  return [...merged].filter(isLoose).length;
}

const flat = (stage: Stage | null | undefined): Stage[] =>
  stage ? (stage.pretokenizers ?? stage.normalizers ?? [stage]) : [];

/** When ▁ is put in front of a text: always, first (not behind special tokens), or never. llama.cpp knows the first and the last. */
function spaceInFront({ normalizer, pre_tokenizer }: TokenizerJson): "always" | "first" | "never" {
  if (flat(normalizer).some(({ type }) => type === "Prepend")) return "always";
  const space = flat(pre_tokenizer).find(({ type }) => type === "Metaspace");
  if (!space) return "never";
  const scheme = space.prepend_scheme ?? (space.add_prefix_space === false ? "never" : "always");
  return scheme === "first" || scheme === "never" ? scheme : "always";
}

/** The patterns by which byte-level tokenizers cut text, and what llama.cpp calls each way. */
const words = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
const rest = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const patterns = {
  qwen2: `${words}\\p{N}${rest}`,
  "llama-bpe": `${words}\\p{N}{1,3}${rest}`,
};

function cutting({ pre_tokenizer }: TokenizerJson): string {
  const stages = flat(pre_tokenizer);
  const kinds = stages.map(({ type }) => type).join(" ");
  const bytes = stages.at(-1);
  if (kinds === "ByteLevel" && bytes!.use_regex !== false) return "gpt-2";
  if (kinds === "Digits ByteLevel" && stages[0]!.individual_digits && bytes!.use_regex !== false) return "smollm";
  const pattern = kinds === "Split ByteLevel" && bytes!.use_regex === false ? stages[0]!.pattern?.Regex : undefined;
  const named = Object.entries(patterns).find(([, known]) => known === pattern);
  if (named) return named[0];
  throw refuse("cuts text in a way that llama.cpp has no name for that is known here");
}

const refuse = (what: string): TabTuneError =>
  new TabTuneError(
    "unsupported-model",
    `No GGUF file can be made of this model: its tokenizer ${what}.`,
    "Write the merged model instead (headless merge, or “The whole model” on the page), and convert it by llama.cpp's convert_hf_to_gguf.py.",
  );
