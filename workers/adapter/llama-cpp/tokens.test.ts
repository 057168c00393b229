import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type TokenFacts, tokenFields } from "./tokens.ts";

const golden = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../testing/goldens/${name}/model/tokenizer.json`, import.meta.url), "utf8"));

const facts = (json: unknown, more: Partial<TokenFacts> = {}): TokenFacts => ({
  tokenizerJson: JSON.stringify(json),
  ...{ rows: 64, bosId: 1, padId: 2, addsBos: true, eosIds: [2] },
  ...more,
});

const byteLevel = (pre_tokenizer: unknown) => ({
  model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] },
  pre_tokenizer,
  added_tokens: [
    { id: 3, content: "<end>", special: true },
    { id: 4, content: "own", special: false },
  ],
});
const split = (Regex: string) => ({
  type: "Sequence",
  pretokenizers: [
    { type: "Split", pattern: { Regex } },
    { type: "ByteLevel", use_regex: false },
  ],
});

test("tokens, kinds and merges of a byte-level tokenizer; rows without a token are unused", () => {
  const { fields, notes } = tokenFields(
    facts(byteLevel({ type: "ByteLevel" }), { rows: 6, bosId: -1, padId: 9, addsBos: false, eosIds: [3, 4] }),
  );
  expect(fields).toEqual({
    "tokenizer.ggml.model": { text: "gpt2" },
    "tokenizer.ggml.pre": { text: "gpt-2" },
    "tokenizer.ggml.tokens": { texts: ["a", "b", "ab", "<end>", "own", "[PAD5]"] },
    "tokenizer.ggml.token_type": { i32s: [1, 1, 1, 3, 4, 5] },
    "tokenizer.ggml.merges": { texts: ["a b"] },
    "tokenizer.ggml.eos_token_id": { u32: 3 },
    "tokenizer.ggml.eot_token_id": { u32: 4 },
    "tokenizer.ggml.add_bos_token": { bool: false },
    "tokenizer.ggml.add_eos_token": { bool: false },
  });
  expect(notes).toEqual([]);
});

const qwen2 = golden("llava-qwen").pre_tokenizer;
const pattern: string = qwen2.pretokenizers[0].pattern.Regex;
test.each([
  ["qwen2", qwen2],
  ["llama-bpe", split(pattern.replace("\\p{N}| ?", "\\p{N}{1,3}| ?"))],
  ["smollm", golden("smolvlm").pre_tokenizer],
  ["gpt-2", { type: "ByteLevel", use_regex: true }],
])("llama.cpp's name for how text is cut: %s", (name, pre_tokenizer) => {
  expect(tokenFields(facts(byteLevel(pre_tokenizer))).fields["tokenizer.ggml.pre"]).toEqual({ text: name });
});

test.each([
  ["another pattern", byteLevel(split("\\S+"))],
  ["no bytes", byteLevel({ type: "Whitespace" })],
  ["another kind", { model: { type: "Unigram", vocab: [] } }],
])("what llama.cpp would cut otherwise is refused: %s", (_, json) => {
  expect(() => tokenFields(facts(json))).toThrow(
    expect.objectContaining({ code: "unsupported-model", remedy: expect.stringContaining("convert_hf_to_gguf.py") }),
  );
});

const pieces = (more: object, merges: string[] = ["▁ a", "a b", "▁a b", "▁ ab"]) => ({
  model: {
    ...{ type: "BPE", byte_fallback: true, merges },
    vocab: { "<unk>": 0, "<s>": 1, "</s>": 2, "<0x0A>": 3, "▁": 4, a: 5, b: 6, "▁a": 7, ab: 8, "▁ab": 9 },
  },
  added_tokens: ["<unk>", "<s>", "</s>"].map((content, id) => ({ id, content, special: true })),
  ...more,
});

test("SentencePiece's kind: bytes, the unknown token, and scores by the first merge that gives a token", () => {
  const { fields, notes } = tokenFields(facts(pieces({ normalizer: { type: "Prepend" } }), { rows: 10 }));
  expect(fields).toMatchObject({
    "tokenizer.ggml.model": { text: "llama" },
    "tokenizer.ggml.token_type": { i32s: [2, 3, 3, 6, 1, 1, 1, 1, 1, 1] },
    "tokenizer.ggml.scores": { f32s: [-4, -4, -4, -4, -4, -4, -4, -0, -1, -2] },
    "tokenizer.ggml.add_space_prefix": { bool: true },
    "tokenizer.ggml.unknown_token_id": { u32: 0 },
  });
  expect(notes).toEqual([]);
});

test("what llama.cpp would cut otherwise now and then is told with a count", () => {
  const first = { pre_tokenizer: { type: "Metaspace", prepend_scheme: "first" } };
  const { notes } = tokenFields(facts(pieces(first, ["▁ a", "a b", "▁a b"]), { rows: 8 }));
  expect(notes).toEqual([
    expect.stringContaining("behind every special token and picture"),
    expect.stringMatching(/^2 tokens of the tokenizer have no row/),
    expect.stringContaining("1 token of the tokenizer can be put together"),
  ]);
  const never = tokenFields(facts(pieces({ pre_tokenizer: { type: "Metaspace", prepend_scheme: "never" } })));
  expect(never.fields["tokenizer.ggml.add_space_prefix"]).toEqual({ bool: false });
});
