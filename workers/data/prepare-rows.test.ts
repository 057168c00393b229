import { expect, test } from "vitest";
import { chatTemplates } from "../models/llava/chat-template.ts";
import { formatOf } from "../testing/formats.ts";
import { fromBase64 } from "../testing/pictures.ts";
import pictures from "./pictures/fixtures/pictures.json" with { type: "json" };
import { type PicturePool, picturesHere } from "./pictures/pool.ts";
import type { RowPreparation } from "./prepare-example.ts";
import { type PreparedRow, preparedRows } from "./prepare-rows.ts";
import type { Row } from "./rows/row.ts";
import { chooseTemplate } from "./text/chat-template.ts";
import demoTokenizer from "./text/fixtures/demo-tokenizer.json?raw";
import { loadTokenizer } from "./text/tokenizer.ts";

const preparation: Omit<RowPreparation, "id"> = {
  tokenizer: loadTokenizer({ tokenizerJson: demoTokenizer }, 3),
  template: chooseTemplate({ family: chatTemplates.mistral }),
  pictures: formatOf("llava", { size: 32, crop_size: 32 }, { tile: 32, patch: 16 }),
};
const photo = fromBase64(pictures.decoded.find(({ name }) => name === "photo-444.jpg")!.file);

/** Twelve rows of a picture each, every fifth of them broken. */
async function* rows(): AsyncGenerator<Row> {
  for (let index = 0; index < 12; index++) {
    const bytes = index % 5 === 1 ? photo.slice(0, 200) : photo;
    yield {
      index,
      source: `line ${index + 1}`,
      images: [{ path: `${index}.jpg`, bytes: async () => bytes }],
      messages: [
        { role: "user", content: [{ type: "image" }] },
        { role: "assistant", content: [{ type: "text", text: `Picture ${index}.` }] },
      ],
    };
  }
}

async function all(pool?: PicturePool): Promise<PreparedRow[]> {
  const out: PreparedRow[] = [];
  for await (const prepared of preparedRows(rows(), preparation, undefined, pool)) out.push(prepared);
  return out;
}

/** Without what no two errors share. */
const told = ({ row, example, fault }: PreparedRow) => [row.source, example ?? fault?.code, fault?.message];

test("several at once give what one by one gives, in their order", async () => {
  let under = 0;
  let most = 0;
  let n = 0;
  const here = picturesHere(preparation.pictures);
  const pool: PicturePool = {
    ...here,
    size: 3,
    async prepare(bytes) {
      under += 1;
      most = Math.max(most, under);
      // Later pictures are ready first.
      await new Promise((resolve) => setTimeout(resolve, 10 - (n++ % 4) * 3));
      under -= 1;
      return here.prepare(bytes);
    },
  };
  const expected = (await all()).map(told);
  expect(expected.filter(([, outcome]) => outcome === "bad-image")).toHaveLength(3);
  expect((await all(pool)).map(told)).toEqual(expected);
  expect(most).toBe(5);
});

test("what is no fault of a row ends it all", async () => {
  const broken: PicturePool = {
    ...picturesHere(preparation.pictures),
    prepare: () => Promise.reject(new Error("bug")),
  };
  await expect(all(broken)).rejects.toThrow("bug");
});
