import { describe, expect, test } from "vitest";
import { chatTemplates } from "../models/llava/chat-template.ts";
import { formatOf } from "../testing/formats.ts";
import {
  goldenBytes,
  goldenCases,
  goldenExpected,
  goldenFolder,
  goldenPictures,
  goldenText,
} from "../testing/oracle-folder.ts";
import { fromBase64 } from "../testing/pictures.ts";
import { labelsOf } from "./example.ts";
import pictures from "./pictures/fixtures/pictures.json" with { type: "json" };
import { prepareExample, type RowPreparation } from "./prepare-example.ts";
import type { ContentPart, ImageRef, Row } from "./rows/row.ts";
import { chooseTemplate, compileTemplate } from "./text/chat-template.ts";
import demoTokenizer from "./text/fixtures/demo-tokenizer.json?raw";
import { loadTokenizer } from "./text/tokenizer.ts";

const preparation: Omit<RowPreparation, "id"> = {
  tokenizer: loadTokenizer({ tokenizerJson: demoTokenizer }, 3),
  template: chooseTemplate({ family: chatTemplates.mistral }),
  pictures: formatOf("llava", { size: 32, crop_size: 32 }, { tile: 32, patch: 16 }),
};

const picture = (path: string, bytes: Uint8Array): ImageRef => ({ path, bytes: async () => bytes });
const named = (name: string) => picture(name, fromBase64(pictures.decoded.find((entry) => entry.name === name)!.file));

function rowOf(images: ImageRef[], marks = images.length): Row {
  const content: ContentPart[] = [
    ...Array<ContentPart>(marks).fill({ type: "image" }),
    { type: "text", text: "What?" },
  ];
  const answer: ContentPart[] = [{ type: "text", text: "A cat." }];
  const messages: Row["messages"] = [
    { role: "user", content },
    { role: "assistant", content: answer },
  ];
  return { index: 7, source: "metadata.jsonl line 8", messages, images };
}

test("a row of two pictures", async () => {
  const example = await prepareExample(rowOf([named("photo-444.jpg"), named("exif6.jpg")]), preparation);
  expect(example.row).toBe(7);
  expect(example.images).toEqual([
    { height: 37, width: 51, tiles: 1, tokens: 4 },
    { height: 26, width: 17, tiles: 1, tokens: 4 },
  ]);
  expect(example.pixels.length).toBe(2 * 32 * 32 * 3);
  expect(example.inputIds.filter((id) => id === 3)).toHaveLength(8);
  expect(example.kinds.length).toBe(example.inputIds.length);
  const targets = labelsOf(example, "responses").filter((label) => label !== -100);
  expect(preparation.tokenizer.decode(targets, { skipSpecialTokens: false })).toBe("A cat.</s>");
});

test("a row without pictures", async () => {
  const example = await prepareExample(rowOf([]), preparation);
  expect(example).toMatchObject({ images: [], pixels: new Uint8Array(0) });
});

const unreadable: ImageRef = { path: "gone.png", bytes: () => Promise.reject(new Error("no such file")) };
test.each<[string, Row, string, string]>([
  [
    "a broken picture",
    rowOf([picture("a/b.png", Uint8Array.of(1))]),
    "bad-image",
    "metadata.jsonl line 8, picture a/b.png: ",
  ],
  [
    "a picture that cannot be read",
    rowOf([unreadable]),
    "bad-image",
    "picture gone.png: The file cannot be read (no such file)",
  ],
  [
    "a picture without its mark",
    rowOf([named("tiny.jpg")], 0),
    "bad-row",
    "metadata.jsonl line 8: The text has 0 image tokens",
  ],
])("%s names its place", async (_, row, code, words) => {
  await expect(prepareExample(row, preparation)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(words),
  });
});

test("a fault of the checkpoint is told before any row is read", () => {
  expect(() => formatOf("llava", { crop_size: { height: 32, width: 16 } }, { tile: 32, patch: 16 })).toThrow(
    expect.objectContaining({ code: "unsupported-model" }),
  );
});

describe.skipIf(!goldenFolder)("golden rows", () => {
  test.each(goldenCases)("%s: input_ids and labels", async (name) => {
    const { rows, template } = goldenExpected(name);
    const config = JSON.parse(goldenText(`${name}/model/config.json`));
    const tokenizer = loadTokenizer(
      {
        tokenizerJson: goldenText(`${name}/model/tokenizer.json`),
        tokenizerConfigJson: goldenText(`${name}/model/tokenizer_config.json`),
      },
      config.image_token_index,
    );
    const pictures = goldenPictures(name);
    const lines = goldenText(`${name}/data/metadata.jsonl`).trim().split("\n");
    for (const expected of rows) {
      const { messages } = JSON.parse(lines[expected.index]!);
      const images = [picture(expected.file, goldenBytes(`${name}/data/${expected.file}`))];
      const row = { index: expected.index, source: name, messages, images };
      const example = await prepareExample(row, {
        tokenizer,
        template: compileTemplate(template.jinja, "recipe"),
        pictures,
      });
      expect(Array.from(tokenizer.encode(expected.text))).toEqual(expected.token_ids);
      expect(Array.from(example.inputIds)).toEqual(expected.input_ids);
      expect(Array.from(labelsOf(example, "all-text"))).toEqual(expected.labels_all);
      expect(Array.from(labelsOf(example, "responses"))).toEqual(expected.labels_response);
    }
  });
});
