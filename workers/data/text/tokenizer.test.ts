import { describe, expect, test } from "vitest";
import { goldenFolder, goldenText } from "../../testing/oracle-folder.ts";
import golden from "./fixtures/chats.json" with { type: "json" };
import demoTokenizer from "./fixtures/demo-tokenizer.json?raw";
import demoConfig from "./fixtures/demo-tokenizer-config.json?raw";
import { loadTokenizer, templateTokens } from "./tokenizer.ts";

const demo = loadTokenizer({ tokenizerJson: demoTokenizer, tokenizerConfigJson: demoConfig }, 3);

test("the demo tokenizer's special tokens", () => {
  expect(demo).toMatchObject({ bosId: 1, eosId: 2, imageTokenId: 3, padId: 4, vocabSize: 2048, addsBos: true });
  expect(demo).toMatchObject({ bosToken: "<s>", eosToken: "</s>", imageToken: "<image>" });
  expect(templateTokens(demo)).toEqual({ bosToken: "", eosToken: "</s>", endTokens: ["</s>"] });
});

test.each(golden.strings)("$text", (unit) => {
  expect(Array.from(demo.encode(unit.text))).toEqual(unit.ids);
  expect(demo.decode(unit.ids)).toBe(unit.decode);
  expect(demo.decode(Int32Array.from(unit.ids), { skipSpecialTokens: false })).toBe(unit.decode_keep_special);
});

test("without the other files the usual special tokens are found", () => {
  const bare = loadTokenizer({ tokenizerJson: demoTokenizer }, 3);
  expect(bare).toMatchObject({ bosId: 1, eosId: 2, padId: 4, addsBos: true });
  expect(bare.decode([1, ...golden.strings.at(-1)!.ids.slice(1)])).toBe("is it ? yes , 'tis .");
});

test("special_tokens_map.json counts where tokenizer_config.json is silent", () => {
  const files = { tokenizerJson: demoTokenizer, specialTokensMapJson: '{"pad_token":{"content":"<unk>"}}' };
  expect(loadTokenizer(files, 3).padId).toBe(0);
  expect(loadTokenizer({ ...files, tokenizerConfigJson: '{"pad_token":"<pad>"}' }, 3).padId).toBe(4);
});

test.each([
  ["missing", undefined, 3, "no tokenizer.json"],
  ["half a file", demoTokenizer.slice(0, 1000), 3, "not valid JSON"],
  ["a list", "[]", 3, "not an object"],
  ["an empty object", "{}", 3, "cannot be used"],
  ["an unknown model", '{"model":{"type":"Oracle","vocab":{}},"added_tokens":[]}', 3, "cannot be used"],
  // The library's list of tokens by id would have two thousand million places.
  ["an id beyond reason", demoTokenizer.replace(/("▁did"):\s*\d+/, "$1:2147483648"), 3, '"▁did" the id 2147483648'],
  ["an id that is no number", demoTokenizer.replace(/("▁did"):\s*\d+/, "$1:false"), 3, '"▁did" the id false'],
  [
    "no image token",
    demoTokenizer,
    32_000,
    "no token with the id 32000, the image token of config.json; its own image token is 3.",
  ],
])("%s is refused", (_, tokenizerJson, imageTokenId, words) => {
  expect(() => loadTokenizer({ tokenizerJson }, imageTokenId)).toThrow(
    expect.objectContaining({ code: "bad-tokenizer", message: expect.stringContaining(words) }),
  );
});

test("a decoder that is none is told when a text needs it", () => {
  const broken = JSON.parse(demoTokenizer);
  broken.decoder = { type: "Sequence", decoders: [null] };
  const config = { tokenizerJson: JSON.stringify(broken) };
  expect(() => loadTokenizer(config, 3).decode([70, 71])).toThrow(expect.objectContaining({ code: "bad-tokenizer" }));
});

test("a token beyond the rows of the embedding is refused by name; the image token, which is never looked up, is not", () => {
  const grown = JSON.parse(demoTokenizer);
  grown.added_tokens.push({ ...grown.added_tokens[0], id: 2100, content: "<click>" });
  const files = { tokenizerJson: JSON.stringify(grown), tokenizerConfigJson: demoConfig };
  const { encode } = loadTokenizer(files, 3, 2048);
  expect(() => encode("a <click> there")).toThrow(
    expect.objectContaining({
      code: "bad-row",
      message: "The text has the token <click> with the id 2100, and the model's embedding has 2048 rows.",
    }),
  );
  expect(encode("a click there").length).toBeGreaterThan(3);
  const pictured = loadTokenizer(files, 2100, 2048);
  expect(pictured.encode("a <click>")).toContain(2100);
  expect(loadTokenizer(files, 3).encode("<click>")).toContain(2100);
});

test.each([
  [2, "end-of-text token </s>"],
  [1, "first token <s>"],
])(
  "a special token that every text needs, beyond the rows of the embedding, is refused at once: %i rows",
  (rows, words) => {
    const files = { tokenizerJson: demoTokenizer, tokenizerConfigJson: demoConfig };
    expect(() => loadTokenizer(files, 3, rows)).toThrow(
      expect.objectContaining({ code: "bad-tokenizer", message: expect.stringContaining(words) }),
    );
  },
);

describe.skipIf(!goldenFolder)("golden strings", () => {
  test.each(["llava-gqa", "llava-mha", "llava-next-mistral", "metaspace_first"])("%s", (name) => {
    const unit = JSON.parse(goldenText("units/tokenizer.json")).tokenizers[name];
    const folder = unit.tokenizer_json.replace(/[^/]*$/, "");
    const bare = name === "metaspace_first";
    const config = bare ? { image_token_index: 1600 } : JSON.parse(goldenText(`${folder}config.json`));
    const tokenizerConfigJson = bare ? undefined : goldenText(`${folder}tokenizer_config.json`);
    const files = { tokenizerJson: goldenText(unit.tokenizer_json), tokenizerConfigJson };
    const tokenizer = loadTokenizer(files, config.image_token_index);
    for (const { text, ids, decode, decode_keep_special } of unit.cases) {
      expect(Array.from(tokenizer.encode(text)), text).toEqual(ids);
      expect(tokenizer.decode(ids), text).toBe(decode);
      expect(tokenizer.decode(ids, { skipSpecialTokens: false }), text).toBe(decode_keep_special);
    }
  });
});
