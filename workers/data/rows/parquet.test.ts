import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { fixture } from "../../testing/row-fixtures.ts";
import { file, pixel, readAll, said } from "../../testing/rows.ts";

const chat = [0, 1, 2, 3, 4].map(
  (i) => `user: ${i % 2 === 0 ? `[image]\nQuestion ${i}? ü` : `Question ${i}? ü\n[image]`} | assistant: Answer ${i}.`,
);
const picture = (i: number) => new Uint8Array([i, 1, 2, 255 - i]);

test.each(["snappy", "gzip", "zstd", "none"])(
  "llava-instruct-mix-vsft schema, %s, in row groups of two",
  async (codec) => {
    const { rows, skipped, formats, error } = await readAll([file("train.parquet", fixture(`chat-${codec}.parquet`))]);
    expect([error, skipped, formats]).toEqual([undefined, [], ["parquet"]]);
    expect(rows.map(said)).toEqual(chat);
    expect(rows.map((row) => row.source)).toEqual([1, 2, 3, 4, 5].map((n) => `train.parquet row ${n}`));
    // Out of order: each row group has to be read again.
    for (const i of [4, 0, 3, 1, 2]) expect(await rows[i]!.images[0]!.bytes()).toEqual(picture(i));
  },
);

test("picture struct and text: bytes inside, or a path beside", async () => {
  const { rows, skipped } = await readAll([
    file("d/x.parquet", fixture("captions.parquet")),
    file("d/beside.png", pixel),
  ]);
  expect(skipped).toEqual([]);
  expect(rows.map(said)).toEqual([0, 1, 2].map((i) => `user: [image]Describe the image. | assistant: caption ${i}`));
  expect(await Promise.all(rows.map((row) => row.images[0]!.bytes()))).toEqual([
    new Uint8Array([0, 7]),
    pixel,
    new Uint8Array([2, 7]),
  ]);
});

test("plain binary pictures stay bytes, whole numbers become text", async () => {
  const { rows } = await readAll([file("x.parquet", fixture("answers.parquet"))]);
  expect(rows.map(said)).toEqual([0, 1].map((i) => `user: [image]How many? | assistant: ${i}`));
  expect(await rows[1]!.images[0]!.bytes()).toEqual(new Uint8Array([0, 128, 255]));
});

/** A fixture with its column "image" under another name of five letters. */
function renamed(name: string): Uint8Array {
  const bytes = fixture(name);
  const from = [..."image"].map((char) => char.charCodeAt(0));
  for (let at = 0; at < bytes.length; at++) {
    if (from.every((code, i) => bytes[at + i] === code)) bytes.set(new TextEncoder().encode("pic_a"), at);
  }
  return bytes;
}

test("pictures inside, in a column that nobody knows, cost their rows instead of being passed over", async () => {
  const { rows, skipped } = await readAll([file("x.parquet", renamed("answers.parquet"))]);
  expect(rows).toEqual([]);
  expect(skipped.map((row) => [row.reason, row.message])).toEqual(
    Array(2).fill([
      "missing-picture",
      expect.stringMatching(/its column "pic_a" looks like one; call that column image/),
    ]),
  );
});

test("inside a zip", async () => {
  const { rows } = await readAll([file("set.zip", zipSync({ "x.parquet": fixture("chat-zstd.parquet") }))]);
  expect(rows.map(said)).toEqual(chat);
});

test("a damaged row group costs its rows; the numbers stay", async () => {
  const bytes = fixture("chat-snappy.parquet");
  bytes.fill(255, 4, 40);
  const { rows, skipped } = await readAll([file("x.parquet", bytes)]);
  expect(skipped.map((s) => [s.index, s.source, s.reason])).toEqual([
    [0, "x.parquet row 1", "broken-part"],
    [1, "x.parquet row 2", "broken-part"],
  ]);
  expect(rows.map((row) => row.index)).toEqual([2, 3, 4]);
});

test.each<[string, (bytes: Uint8Array) => Uint8Array, RegExp]>([
  ["cut off", (bytes) => bytes.slice(0, -100), /footer is damaged/],
  ["only a footer", (bytes) => bytes.slice(-8), /footer is damaged/],
  ["a footer length beyond the file", (bytes) => bytes.fill(255, -8, -5), /footer is damaged/],
  ["bytes missing in front", (bytes) => bytes.slice(800), /lies outside of the file|cannot be read/],
  ["every row group damaged", (bytes) => bytes.fill(255, 4, 2600), /cannot be read/],
])("refuses: %s", async (_, damage, message) => {
  const { rows, error } = await readAll([file("x.parquet", damage(fixture("chat-snappy.parquet")))]);
  expect(rows).toEqual([]);
  expect([error?.code, error?.message]).toEqual(["bad-dataset", expect.stringMatching(message)]);
});

test("limits: rows, row group, texts of a row, picture", async () => {
  const files = [file("x.parquet", fixture("chat-none.parquet"))];
  const of = async (limits: object) => readAll(files, { limits });
  expect((await of({ rows: 4 })).error?.message).toBe("x.parquet cannot be read: it has 5 rows; at most 4 are read.");
  expect((await of({ rowGroupBytes: 500 })).error?.code).toBe("bad-dataset");
  expect((await of({ lineBytes: 10 })).skipped.map((s) => s.reason)).toEqual(Array(5).fill("too-long-line"));
  const { rows } = await of({ pictureBytes: 3 });
  const read = await Promise.allSettled(rows.map((row) => row.images[0]!.bytes()));
  expect(read.map((one) => one.status === "rejected" && one.reason.code)).toEqual(Array(5).fill("image-too-large"));
});

test("no known column", async () => {
  const { error } = await readAll([file("x.parquet", fixture("captions.parquet"))], {
    mapping: { answer: "nothing", images: "none" },
  });
  expect(error?.code).toBe("no-rows");
});
