/**
 * Text to ids and back, as the checkpoint's own tokenizer.json says. The tokenizer class is the one @xenova/transformers is built
 * on, taken from its package @huggingface/tokenizers: importing the whole library for it would put 540 kB of script and a 27 MB
 * ONNX runtime into the bundle and point that runtime at a CDN.
 */
import { Tokenizer } from "@huggingface/tokenizers";
import { TabTuneError, wordsOf } from "../../errors.ts";
import { isJsonObject } from "../../json.ts";

export interface TextTokenizer {
  /**
   * [T] ids, with BOS in front where the checkpoint's tokenizer adds it. Throws TabTuneError "bad-row" for a token that the
   * embedding has no row for.
   */
  encode(text: string): Int32Array;
  /** Ids of special tokens written one behind the other: nothing is put in front or behind. */
  encodeSpecial(tokens: string): number[];
  /** Text of ids; special tokens are left out unless `skipSpecialTokens` is false. */
  decode(ids: ArrayLike<number>, options?: { skipSpecialTokens?: boolean }): string;
  /** -1 when the tokenizer has none. */
  bosId: number;
  eosId: number;
  /** The padding token; `eosId` when there is none (padding is masked by position, so the id is never looked at). */
  padId: number;
  imageTokenId: number;
  /** Largest id + 1. The model's embedding may have more rows. */
  vocabSize: number;
  /** "" when the tokenizer has none. */
  bosToken: string;
  eosToken: string;
  /** What may end an answer: `eosToken`, and what the model's generation stops at. */
  endTokens: string[];
  endIds: number[];
  imageToken: string;
  /** Whether `encode` puts BOS in front. */
  addsBos: boolean;
}

/** The texts of the files as they lie beside config.json; undefined where a checkpoint has none. */
export interface TokenizerFiles {
  tokenizerJson: string | undefined;
  tokenizerConfigJson?: string | undefined;
  specialTokensMapJson?: string | undefined;
}

/**
 * Builds the tokenizer; asks no network.
 * @param imageTokenId `image_token_index` (newer: `image_token_id`) of config.json
 * @param rows rows of the model's embedding; a tokenizer may have tokens beyond them as long as no text uses one
 * @param stopIds what the model's generation stops at beside the EOS token
 * @throws TabTuneError "bad-tokenizer" when tokenizer.json is missing, broken, of an unknown kind or without an image or EOS token,
 *   or when the embedding has no row for a token that every text needs
 */
export function loadTokenizer(
  files: TokenizerFiles,
  imageTokenId: number,
  rows = Number.POSITIVE_INFINITY,
  stopIds: readonly number[] = [],
): TextTokenizer {
  if (files.tokenizerJson === undefined) {
    throw badTokenizer("The checkpoint has no tokenizer.json", "Add it: tokenizer.model alone cannot be read.");
  }
  const definition = parseObject("tokenizer.json", files.tokenizerJson);
  const settings = {
    ...parseObject("special_tokens_map.json", files.specialTokensMapJson ?? "{}"),
    ...parseObject("tokenizer_config.json", files.tokenizerConfigJson ?? "{}"),
  };
  const tokenizer = build(definition, settings);
  const idOf = (token: string | undefined) => (token === undefined ? undefined : tokenizer.token_to_id(token));

  const bosToken = tokenText(settings.bos_token) ?? "<s>";
  const eosToken = tokenText(settings.eos_token) ?? "</s>";
  const bosId = idOf(bosToken);
  const eosId = idOf(eosToken);
  const imageToken = tokenizer.id_to_token(imageTokenId);
  if (eosId === undefined) throw badTokenizer(`tokenizer.json has no end-of-text token ${eosToken}`);
  if (imageToken === undefined) {
    const other = idOf(tokenText(settings.image_token) ?? "<image>");
    throw badTokenizer(
      `tokenizer.json has no token with the id ${imageTokenId}, the image token of config.json${other === undefined ? "" : `; its own image token is ${other}`}`,
      "Take config.json and the tokenizer's files from one revision of the model.",
    );
  }
  let largest = 0;
  for (const id of tokenizer.get_vocab(true).values()) largest = Math.max(largest, id);
  const addsBos = bosId !== undefined && tokenizer.encode("").ids[0] === bosId;
  const needed: [string, string, number | undefined][] = [
    ["first token", bosToken, addsBos ? bosId : undefined],
    ["end-of-text token", eosToken, eosId],
  ];
  for (const [what, token, id = -1] of needed) {
    if (id < rows) continue;
    throw badTokenizer(
      `The ${what} ${token} has the id ${id}, and the model's embedding has ${rows} rows`,
      "Choose a checkpoint whose embedding was resized together with its tokenizer.",
    );
  }
  /** Pictures take the places of image tokens, which are never looked up; any other id is read from the table. */
  const checked = (ids: Int32Array): Int32Array => {
    const beyond = ids.find((id) => id >= rows && id !== imageTokenId);
    if (beyond === undefined) return ids;
    const token = tokenizer.id_to_token(beyond);
    throw new TabTuneError(
      "bad-row",
      `The text has the token ${token} with the id ${beyond}, and the model's embedding has ${rows} rows.`,
      `Leave ${token} out of the text, or choose a checkpoint whose embedding was resized together with its tokenizer.`,
    );
  };
  const endIds = [...new Set([eosId, ...stopIds])].filter((id) => tokenizer.id_to_token(id) !== undefined);
  const cleanUp = settings.clean_up_tokenization_spaces === true;

  return {
    encode: (text) => checked(Int32Array.from(used(() => tokenizer.encode(text).ids))),
    encodeSpecial: (tokens) => used(() => tokenizer.encode(tokens, { add_special_tokens: false }).ids),
    decode(ids, { skipSpecialTokens = true } = {}) {
      // The library refuses what Python decodes to nothing.
      if (ids.length === 0) return "";
      return used(() =>
        tokenizer.decode(Array.from(ids), {
          skip_special_tokens: skipSpecialTokens,
          // Given always: without it the library would turn " ?" into "?".
          clean_up_tokenization_spaces: cleanUp,
        }),
      );
    },
    bosId: bosId ?? -1,
    eosId,
    padId: idOf(tokenText(settings.pad_token)) ?? idOf("<pad>") ?? eosId,
    imageTokenId,
    vocabSize: largest + 1,
    bosToken: bosId === undefined ? "" : bosToken,
    eosToken,
    endTokens: endIds.map((id) => tokenizer.id_to_token(id)!),
    endIds,
    imageToken,
    addsBos,
  };
}

export interface TemplateTokens {
  /** What `{{ bos_token }}` and `{{ eos_token }}` print. */
  bosToken: string;
  eosToken: string;
  /** What may end an answer. */
  endTokens: readonly string[];
}

/** Of a chat template: no BOS where the tokenizer adds its own. */
export function templateTokens(tokenizer: TextTokenizer): TemplateTokens {
  const { addsBos, bosToken, eosToken, endTokens } = tokenizer;
  return { bosToken: addsBos ? "" : bosToken, eosToken, endTokens };
}

/** Ids are places of lists in the library: one in the thousands of millions would keep it for minutes. */
const MOST_IDS = 10_000_000;

function refuseStrangeIds({ model, added_tokens: added }: Record<string, unknown>): void {
  const vocab = isJsonObject(model) && isJsonObject(model.vocab) ? Object.entries(model.vocab) : [];
  const more = Array.isArray(added) ? added.map((token): [unknown, unknown] => [token?.content, token?.id]) : [];
  for (const [token, id] of [...vocab, ...more]) {
    if (Number.isInteger(id) && Number(id) >= 0 && Number(id) < MOST_IDS) continue;
    throw badTokenizer(
      `tokenizer.json gives the token ${JSON.stringify(token ?? null)} the id ${JSON.stringify(id ?? null)}, and ids are whole numbers from 0 to ${MOST_IDS - 1}`,
    );
  }
}

/** Some of a definition is looked at only when a text needs it. */
function used<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw badTokenizer(`tokenizer.json cannot be used for a text (${wordsOf(cause)})`, undefined, cause);
  }
}

function build(definition: Record<string, unknown>, settings: Record<string, unknown>): Tokenizer {
  refuseStrangeIds(definition);
  try {
    const tokenizer = new Tokenizer(definition, settings);
    decodeBytesAsPython(tokenizer);
    splitDigitsAsPython(tokenizer);
    // A vocabulary that is not one shows only when it is used.
    tokenizer.encode("a");
    return tokenizer;
  } catch (cause) {
    throw badTokenizer(`tokenizer.json cannot be used (${wordsOf(cause)})`, undefined, cause);
  }
}

/**
 * Gives the library's byte fallback the rules of Python's `tokenizers` (decoders/byte_fallback.rs): a run of bytes that is not UTF-8
 * becomes one U+FFFD a byte, and U+FEFF at the start of a run stays. A plain TextDecoder, as the library has it, does neither.
 */
function decodeBytesAsPython({ decoder }: Tokenizer): void {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (bytes: Uint8Array<ArrayBuffer>): string => {
    try {
      return strict.decode(bytes);
    } catch {
      return "\ufffd".repeat(bytes.length);
    }
  };
  const chain = decoder && "decoders" in decoder && Array.isArray(decoder.decoders) ? decoder.decoders : [decoder];
  for (const stage of chain) if (stage?.config?.type === "ByteFallback") stage.text_decoder = { decode };
}

/**
 * Gives the library's Digits pre-tokenizer the numerals of Python's `tokenizers` (pre_tokenizers/digits.rs, `char::is_numeric`): every
 * numeric character of Unicode, "½" and "①" among them. The library knows the decimal digits alone.
 */
function splitDigitsAsPython({ pre_tokenizer: splitter }: Tokenizer): void {
  const chain =
    splitter && "tokenizers" in splitter && Array.isArray(splitter.tokenizers) ? splitter.tokenizers : [splitter];
  for (const stage of chain) {
    if (stage?.config?.type !== "Digits") continue;
    stage.pattern = new RegExp(`[^\\p{N}]+|\\p{N}${stage.config.individual_digits ? "" : "+"}`, "gu");
  }
}

function parseObject(name: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badTokenizer(`${name} is not valid JSON`, undefined, cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badTokenizer(`${name} is not an object`);
  return value as Record<string, unknown>;
}

/** Special tokens are written as a string or as `{ "content": … }`. */
function tokenText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "content" in value && typeof value.content === "string") {
    return value.content;
  }
  return undefined;
}

function badTokenizer(
  what: string,
  remedy = "Download the checkpoint's tokenizer files again.",
  cause?: unknown,
): TabTuneError {
  return new TabTuneError("bad-tokenizer", `${what}.`, remedy, "", cause === undefined ? undefined : { cause });
}
