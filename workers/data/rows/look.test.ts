import { expect, test } from "vitest";
import { fixture } from "../../testing/row-fixtures.ts";
import { file, pixel, pngOfSize } from "../../testing/rows.ts";
import { lookAt } from "./look.ts";

const table = "photo_of_it,kind,price\npics/1.png,cup,3\npics/2.png,plate,4\npics/3.png,fork,5\n";
const drop = [file("shop/table.csv", table), ...[1, 2, 3].map((n) => file(`shop/pics/${n}.png`, pixel))];
const bytesOf = async (blob: Blob | undefined) => blob && new Uint8Array(await blob.arrayBuffer());

test("a table as it is written: columns in their order, pictures that its cells name", async () => {
  const { table, rows, problem } = await lookAt(drop, {}, 2);
  expect(table).toMatchObject({ path: "shop/table.csv", columns: ["photo_of_it", "kind", "price"] });
  expect(table!.rows.map((cells) => cells.map((cell) => cell.text))).toEqual([
    ["pics/1.png", "cup", "3"],
    ["pics/2.png", "plate", "4"],
  ]);
  expect(await bytesOf(table!.rows[0]![0]!.picture)).toEqual(pixel);
  expect(table!.rows[0]![1]!.picture).toBeUndefined();
  // Nobody knows these columns.
  expect(rows).toMatchObject([{ problem: expect.any(String) }, { problem: expect.any(String) }]);
  expect(problem).toBe("");
});

test("the rows as they are understood under what was said of the columns", async () => {
  const reading = { mapping: { images: "photo_of_it", answer: "kind" }, instruction: "What is this?" };
  const { rows } = await lookAt(drop, reading, 2);
  expect(rows).toMatchObject([
    {
      source: "shop/table.csv line 2",
      pictures: [expect.any(Blob)],
      turns: [
        { role: "user", text: "<image>What is this?" },
        { role: "assistant", text: "cup" },
      ],
    },
    { source: "shop/table.csv line 3" },
  ]);
});

test("every column of a Parquet file, its embedded pictures among them", async () => {
  const { table } = await lookAt([file("x.parquet", fixture("answers.parquet"))], {}, 1);
  const [cells] = table!.rows;
  const picture = cells!.find((cell) => cell.text === "picture");
  expect(table!.columns).toHaveLength(cells!.length);
  expect(picture?.picture).toBeInstanceOf(Blob);
});

test("a drop without a table has rows and no columns; one that cannot be read says why", async () => {
  const captioned = await lookAt([file("a.png", pixel), file("a.txt", "A dot.")], {}, 5);
  expect(captioned).toMatchObject({ table: null, problem: "", rows: [{ turns: [{}, { text: "A dot." }] }] });
  const broken = await lookAt([file("x.zip", "PK\x03\x04 and then nothing")], {}, 5);
  expect(broken).toMatchObject({ table: null, rows: [], problem: expect.stringContaining("x.zip") });
});

test("a list of captions is a table, as the reader has it", async () => {
  const list = file("captions.txt", "image,caption\na.png,A dot .\na.png,A small dot .\n");
  const { table, rows } = await lookAt([list, file("a.png", pixel)], {}, 5);
  expect(table).toMatchObject({ path: "captions.txt", columns: ["image", "text"] });
  expect(rows).toMatchObject([{ turns: [{}, { text: "A dot ." }] }, { turns: [{}, { text: "A small dot ." }] }]);
});

test("several answers are noticed, whatever was chosen of them", async () => {
  const record = (answers: string[]) => JSON.stringify({ image: "a.png", question: "What?", answers });
  const answers = (lines: string[]) => [file("train.jsonl", lines.join("\n")), file("a.png", pixel)];
  const several = answers([record(["A dot."]), record(["A dot.", "A pixel."])]);
  const texts = async (severalAnswers?: "each" | "first") => {
    const look = await lookAt(several, severalAnswers ? { severalAnswers } : {}, 5);
    expect(look.several).toBe(true);
    return look.rows.map((row) => ("turns" in row ? row.turns.at(-1)!.text : row.problem));
  };
  expect(await texts()).toEqual(["A dot.", "A dot."]);
  expect(await texts("each")).toEqual(["A dot.", "A dot.", "A pixel."]);
  expect(await texts("first")).toEqual(["A dot.", "A dot."]);
  expect((await lookAt(answers([record(["A dot."])]), {}, 5)).several).toBe(false);
});

test("boxes as the model writes them, which a look says there are", async () => {
  const objects = { bbox: [[20, 20, 40, 40]], label: ["cup"] };
  const files = [
    file("1.png", pngOfSize(200, 100)),
    file("metadata.jsonl", JSON.stringify({ file_name: "1.png", objects, bbox_format: "coco" })),
  ];
  const look = await lookAt(files, { boxTarget: { convention: { scale: 1000, decimals: 0 }, by: "model" } }, 2);
  expect(look.boxes).toBe(true);
  expect(look.rows).toMatchObject([{ turns: [{}, { text: '[{"bbox_2d": [100, 200, 300, 600], "label": "cup"}]' }] }]);
  expect((await lookAt(drop, {}, 1)).boxes).toBe(false);
});
