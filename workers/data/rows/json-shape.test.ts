import { expect, test } from "vitest";
import { file, pixel, readAll, said } from "../../testing/rows.ts";
import { jsonMembersOf, NotOneObject } from "./json-members.ts";
import type { InputFile } from "./read-rows.ts";

function pieces(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(offset, offset + size));
      offset += size;
    },
  });
}

test.each<[string, string, string[]]>([
  [
    "values and a list",
    '{"a": 1, "b":[{"c":"],}"}, 2 ],"d":{"e":[3]}} ',
    ["a= 1", "b0=", 'b1={"c":"],}"}', "b2=2", 'd={"e":[3]}'],
  ],
  ["escapes in a key, and an empty list", String.raw`{"a\"\n:":[ ],"b":null}`, ['a"\n:0=', "b=null"]],
  ["nothing", "{}", []],
  ["cut off", '{"a":[1,{"b', ["a0=", "a1=1", 'a2={"b (broken)']],
  ["long", `{"a":"${"x".repeat(40)}"}`, ["a= (long)"]],
])("members, cut anywhere: %s", async (_, text, expected) => {
  for (const size of [1, 2, 3, 7, 1000]) {
    const seen: string[] = [];
    for await (const { key, item, bytes, tooLong, broken } of jsonMembersOf(pieces(text, size), 32)) {
      const words = tooLong ? " (long)" : new TextDecoder().decode(bytes).trim();
      seen.push(`${key}${item ?? ""}=${words}${broken ? " (broken)" : ""}`);
    }
    expect(seen.map((line) => line.replace("= ", "="))).toEqual(expected.map((line) => line.replace("= ", "=")));
  }
});

test("something behind the object", async () => {
  const read = async () => {
    for await (const _ of jsonMembersOf(pieces('{"a":1}\n{"a":2}', 100), 32));
  };
  await expect(read()).rejects.toThrow(NotOneObject);
});

const pictures = [file("a.jpg", pixel), file("b.jpg", pixel)];
const row = (image: string, text: string) => ({ image, text });
const two = [row("a.jpg", "A"), row("b.jpg", "B")];
const described = (...texts: string[]) => texts.map((text) => `user: [image]Describe the image. | assistant: ${text}`);
const json = (value: unknown, path = "x.json") => [...pictures, file(path, JSON.stringify(value))];
const coco = (n: number) => file(`train2014/COCO_train2014_00000000000${n}.jpg`, pixel);

test.each<[string, InputFile[], string[], RegExp]>([
  ["a list under a key", json({ version: 1, data: two }), described("A", "B"), /^$/],
  ["a list under any key", json({ info: {}, meine_daten: two }), described("A", "B"), /^$/],
  [
    "several lists",
    json({ data: two, categories: [{ id: 1 }] }),
    described("A", "B"),
    /x\.json: "categories" \(1\) is left aside/,
  ],
  [
    "splits",
    json({ train: [two[0]], validation: [two[1]], test: two }),
    described("A"),
    /"validation" \(1\) is left aside: held-out.*"test" \(2\) is left aside: held-out/,
  ],
  ["held-out splits alone", json({ test: two }), described("A", "B"), /^$/],
  [
    "envelopes of the viewer's API",
    json({ features: [{ name: "x" }], rows: [{ row_idx: 0, row: two[0] }] }),
    described("A"),
    /features/,
  ],
  ["columns of lists", json({ image: ["a.jpg", "b.jpg"], text: ["A", "B"] }), described("A", "B"), /^$/],
  [
    "pandas by columns",
    json({ image: { 0: "a.jpg", 1: "b.jpg" }, text: { 0: "A", 1: "B" } }),
    described("A", "B"),
    /^$/,
  ],
  [
    "pandas, split",
    json({
      columns: ["image", "text"],
      index: [0, 1],
      data: [
        ["a.jpg", "A"],
        ["b.jpg", "B"],
      ],
    }),
    described("A", "B"),
    /^$/,
  ],
  ["captions by name", json({ "a.jpg": "A", "b.jpg": ["B", "C"] }), described("A", "B", "C"), /^$/],
  ["rows by name", json({ "a.jpg": { question: "Q", answer: "A" } }), ["user: [image]Q | assistant: A"], /^$/],
  ["rows by number", json({ "0": two[0], "1": two[1] }), described("A", "B"), /^$/],
  ["one row", json(two[0]), described("A"), /^$/],
  [
    "one row with pairs",
    json({ image: "a.jpg", qa: [{ question: "Q", answer: "A" }] }),
    ["user: [image]Q | assistant: A"],
    /^$/,
  ],
  [
    "one conversation",
    json({
      images: ["a.jpg", "b.jpg"],
      messages: [
        { role: "user", content: "Q" },
        { role: "assistant", content: "A" },
      ],
    }),
    ["user: [image][image]Q | assistant: A"],
    /^$/,
  ],
  [
    "COCO captions",
    json({
      images: [{ id: 7, file_name: "a.jpg" }],
      annotations: [
        { image_id: 7, id: 1, caption: "A" },
        { image_id: 7, id: 2, caption: "B" },
      ],
    }),
    described("A", "B"),
    /^$/,
  ],
  [
    "VQA's questions and answers",
    [
      coco(7),
      file(
        "q.json",
        JSON.stringify({ data_subtype: "train2014", questions: [{ image_id: 7, question: "Q", question_id: 70 }] }),
      ),
      file(
        "v.json",
        JSON.stringify({
          annotations: [{ image_id: 7, question_id: 70, multiple_choice_answer: "A", answers: [{ answer: "b" }] }],
        }),
      ),
    ],
    ["user: [image]Q | assistant: A"],
    /q\.json is joined with 1 answer of v\.json by question_id/,
  ],
  [
    "printed .jsonl",
    [...pictures, file("x.jsonl", two.map((r) => JSON.stringify(r, null, 2)).join("\n"))],
    described("A", "B"),
    /^$/,
  ],
  [
    "a list in a printed .jsonl",
    [...pictures, file("x.jsonl", JSON.stringify({ data: two }, null, 2))],
    described("A", "B"),
    /^$/,
  ],
  [
    "lines that end in commas",
    [...pictures, file("x.jsonl", two.map((r) => `${JSON.stringify(r)},`).join("\n"))],
    described("A", "B"),
    /^$/,
  ],
])("%s", async (_, files, rows, notes) => {
  const all = await readAll(files);
  expect([all.error, all.skipped]).toEqual([undefined, []]);
  expect(all.rows.map(said)).toEqual(rows);
  expect(all.notes.filter((note) => !/named by no row/.test(note)).join(" ")).toMatch(notes);
});

test("a broken first line of JSON lines costs itself", async () => {
  const { rows, skipped } = await readAll([file("x.jsonl", '{"question":"Q","ans\n{"question":"Q","answer":"A"}\n')]);
  expect([rows.length, skipped.map(({ reason }) => reason)]).toEqual([1, ["bad-json"]]);
});

test("an annotation whose picture is not there is skipped, and says by which number", async () => {
  const { rows, skipped } = await readAll(
    json({
      images: [{ id: 7, file_name: "a.jpg" }],
      annotations: [
        { image_id: 8, caption: "A" },
        { image_id: 7, caption: "B" },
      ],
    }),
  );
  expect(rows.map(said)).toEqual(described("B"));
  expect(skipped.map(({ source, message }) => [source, message])).toEqual([
    ["x.json annotations 1", expect.stringContaining("by the number 8")],
  ]);
});

test("a wrapper of any size is read item by item; a table by columns is one record", async () => {
  const limits = { lineBytes: 100 };
  expect((await readAll(json({ data: Array(50).fill(two[0]) }), { limits })).rows.length).toBe(50);
  const columns = { image: Array(50).fill("a.jpg"), text: Array(50).fill("A") };
  expect((await readAll(json(columns), { limits })).error?.message).toMatch(/table by columns of more than 100 bytes/);
});
