/** 2,000 odd strings, ids and decodes by Python's `tokenizers` (reference/goldens/strings.py): not one may differ. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
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
