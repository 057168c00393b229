/** 2,000 odd strings, ids and decodes by Python's `tokenizers` (reference/goldens/strings.py): not one may differ. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import byteLevel from "./fixtures/byte-level.json" with { type: "json" };
import { loadTokenizer } from "./tokenizer.ts";

interface Golden {
  texts: string[];
  tokenizers: Record<
    string,
    {
      tokenizer_json: string;
      image_token_id: number;
      ids: number[][];
      /** null where it is the text itself. */
      decoded: (string | null)[];
      /** Of the first strings. */
      decoded_with_special: string[];
      /** Random ids, bytes that are no UTF-8 among them. */
      drawn: { ids: number[]; text: string }[];
    }
  >;
}

const file = readFileSync(new URL("./fixtures/strings.json.gz", import.meta.url));
const { texts, tokenizers }: Golden = JSON.parse(gunzipSync(file).toString("utf8"));

test("there are 2,000, and four tokenizers", () => {
  expect(texts).toHaveLength(2000);
  expect(Object.keys(tokenizers)).toEqual(["demo", "llama", "mistral", "metaspace-first"]);
});

describe.each(Object.entries(tokenizers))("%s", (_, golden) => {
  const tokenizer = loadTokenizer({ tokenizerJson: golden.tokenizer_json }, golden.image_token_id);

  test("ids", () => {
    const differing = texts.filter((text, i) => String(tokenizer.encode(text)) !== String(golden.ids[i]));
    expect(differing).toEqual([]);
  });

  test("decodes, special tokens left out", () => {
    const differing = golden.ids.flatMap((ids, i) => {
      const expected = golden.decoded[i] ?? texts[i];
      const text = tokenizer.decode(ids);
      return text === expected ? [] : [{ ids, text, expected }];
    });
    expect(differing).toEqual([]);
  });

  test("decodes, special tokens kept", () => {
    const kept = golden.decoded_with_special.map((_, i) =>
      tokenizer.decode(golden.ids[i]!, { skipSpecialTokens: false }),
    );
    expect(kept).toEqual(golden.decoded_with_special);
  });

  test("decodes of ids that no text has", () => {
    expect(golden.drawn).toHaveLength(200);
    expect(golden.drawn.map(({ ids }) => tokenizer.decode(ids))).toEqual(golden.drawn.map(({ text }) => text));
  });
});

/** Byte-level BPE: those of small goldens (SmolLM2's kind and Qwen2's), and SmolLM2's own with the tokens that SmolVLM adds (49,280). */
const smolLm2 = gunzipSync(readFileSync(new URL("./fixtures/smollm2-tokenizer.json.gz", import.meta.url)));
const ofGolden = (name: string): Buffer =>
  readFileSync(new URL(`../../testing/goldens/${name}/model/tokenizer.json`, import.meta.url));
test.each([
  ["smolvlm", ofGolden("smolvlm"), 938, "<end_of_utterance>"],
  ["smollm2", smolLm2, 49190, "<end_of_utterance>"],
  ["llava-qwen", ofGolden("llava-qwen"), 1103, "<|im_end|>"],
  ["onevision", ofGolden("onevision"), 1003, "<|im_end|>"],
] as const)("byte-level BPE, %s: ids and decodes", (name, json, imageTokenId, end) => {
  const tokenizerConfigJson = JSON.stringify({ eos_token: end, clean_up_tokenization_spaces: false });
  const tokenizer = loadTokenizer({ tokenizerJson: json.toString("utf8"), tokenizerConfigJson }, imageTokenId);
  const cases = byteLevel[name];
  expect(cases).toHaveLength(57);
  expect(cases.map(({ text }) => [...tokenizer.encode(text)])).toEqual(cases.map(({ ids }) => ids));
  expect(cases.map(({ ids }) => tokenizer.decode(ids))).toEqual(cases.map(({ decode }) => decode));
  expect(cases.map(({ ids }) => tokenizer.decode(ids, { skipSpecialTokens: false }))).toEqual(
    cases.map(({ decode_keep_special }) => decode_keep_special),
  );
});
