import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { file, pixel, pngOfSize, readAll, said, tarOf } from "../../testing/rows.ts";
import type { InputFile } from "./read-rows.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const vlm = (image: string, question: string, answer: string) => ({
  image,
  conversations: [
    { from: "human", value: `<image>\n${question}` },
    { from: "gpt", value: answer },
  ],
});
const pictures = [file("images/1.jpg", pixel), file("images/2.jpg", pixel)];
const lines =
  '{"image":"images/1.jpg","question":"Q1","answer":"A1"}\n{"image":"images/2.jpg","question":"Q2","answer":"A2"}\n';
/** The start of a picture as iPhones make them. */
const heic = new Uint8Array([0, 0, 0, 24, ...bytes("ftypheic"), 0, 0, 0, 0]);
const two = ["user: [image]Q1 | assistant: A1", "user: [image]Q2 | assistant: A2"];
const captions = [
  "user: [image]Describe the image. | assistant: a cat",
  "user: [image]Describe the image. | assistant: a dog",
];
const csv = "file_name,text\n1.jpg,a cat\n2.jpg,a dog\n";
const zipped = zipSync({ "images/1.jpg": pixel, "images/2.jpg": pixel, "metadata.jsonl": bytes(lines) });

test.each<[string, InputFile[], string[], string[], string]>([
  ["folder with metadata.jsonl", [...pictures, file("metadata.jsonl", lines)], ["jsonl"], two, "metadata.jsonl line 1"],
  [
    "the folder's own name in front",
    [...pictures, file("metadata.jsonl", lines)].map((f) => ({ ...f, path: `data/${f.path}` })),
    ["jsonl"],
    two,
    "data/metadata.jsonl line 1",
  ],
  [
    "metadata.csv beside its pictures",
    [file("images/1.jpg", pixel), file("images/2.jpg", pixel), file("images/metadata.csv", csv)],
    ["csv"],
    captions,
    "images/metadata.csv line 2",
  ],
  [
    "tsv",
    [...pictures, file("a.tsv", "file_name\ttext\nimages/1.jpg\ta cat\nimages/2.jpg\ta dog")],
    ["csv"],
    captions,
    "a.tsv line 2",
  ],
  [
    "LLaVA JSON",
    [
      ...pictures,
      file("x.json", JSON.stringify([vlm("images/1.jpg", "Q1", "A1"), vlm("images/2.jpg", "Q2", "A2")], null, 1)),
    ],
    ["json"],
    ["user: [image]\nQ1 | assistant: A1", "user: [image]\nQ2 | assistant: A2"],
    "x.json item 1",
  ],
  ["JSON lines called .json", [...pictures, file("x.json", lines)], ["json"], two, "x.json item 1"],
  [
    "an array called .jsonl",
    [...pictures, file("x.jsonl", `\n[${lines.trim().replace("\n", ",")}]`)],
    ["jsonl"],
    two,
    "x.jsonl item 1",
  ],
  ["no extension", [...pictures, file("rows", lines)], ["json"], two, "rows.json item 1"],
  ["zip with metadata", [file("set.zip", zipped)], ["jsonl"], two, "set.zip/metadata.jsonl line 1"],
  ["zip without its extension", [file("download", zipped)], ["jsonl"], two, "download.zip/metadata.jsonl line 1"],
  [
    "jsonl beside a zip of pictures",
    [file("train.jsonl", lines), file("pics.zip", zipSync({ "images/1.jpg": pixel, "images/2.jpg": pixel }))],
    ["jsonl"],
    two,
    "train.jsonl line 1",
  ],
  [
    "tar with metadata",
    [
      file(
        "set.tar",
        tarOf([
          { name: "images/2.jpg", content: pixel },
          { name: "images/1.jpg", content: pixel },
          { name: "metadata.jsonl", content: lines },
        ]),
      ),
    ],
    ["jsonl"],
    two,
    "set.tar/metadata.jsonl line 1",
  ],
  [
    "WebDataset",
    [
      file(
        "0.tar",
        tarOf([
          { name: "b.jpg", content: pixel },
          { name: "b.txt", content: "a cat" },
          { name: "a.json", content: '{"caption":"a dog"}' },
          { name: "a.seg.jpg", content: pixel },
        ]),
      ),
    ],
    ["webdataset"],
    captions,
    "0.tar/b.jpg",
  ],
  [
    "WebDataset with a conversation",
    [
      file(
        "0.tar",
        tarOf([
          { name: "k.jpg", content: pixel },
          { name: "k.json", content: JSON.stringify(vlm("elsewhere/k.jpg", "Q", "A")) },
        ]),
      ),
    ],
    ["webdataset"],
    ["user: [image]\nQ | assistant: A"],
    "0.tar/k.jpg",
  ],
  [
    "sidecar texts",
    [file("d/b.jpg", pixel), file("d/b.caption", "a dog\n"), file("d/a.x.png", pixel), file("d/a.x.txt", "a cat\r\n")],
    ["sidecar"],
    captions,
    "d/a.x.png",
  ],
  [
    "sidecars in a zip",
    [file("set.zip", zipSync({ "2.png": pixel, "2.txt": bytes("a dog"), "1.png": pixel, "1.txt": bytes("a cat") }))],
    ["sidecar"],
    captions,
    "set.zip/1.png",
  ],
  [
    "text only",
    [file("x.jsonl", '{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]}')],
    ["jsonl"],
    ["user: Q | assistant: A"],
    "x.jsonl line 1",
  ],
])("%s", async (_, files, formats, expected, source) => {
  const forwards = await readAll(files);
  expect(forwards.error).toBeUndefined();
  expect(forwards.skipped).toEqual([]);
  expect(forwards.formats).toEqual(formats);
  expect(forwards.rows.map(said)).toEqual(expected);
  expect(forwards.rows.map((row) => row.index)).toEqual(expected.map((_, i) => i));
  expect(forwards.rows[0]?.source).toBe(source);
  for (const row of forwards.rows) for (const image of row.images) expect(await image.bytes()).toEqual(pixel);

  const backwards = await readAll(files.toReversed());
  const plain = (rows: typeof forwards.rows) =>
    rows.map((row) => [row.index, row.source, said(row), row.images.map((image) => image.path)]);
  expect(plain(backwards.rows)).toEqual(plain(forwards.rows));
});

test("several tables and shards come by path", async () => {
  const row = (name: string) => `{"question":"Q","answer":"${name}"}`;
  const { rows } = await readAll([
    file("b.jsonl", row("b")),
    file("a/z.csv", "question,answer\nQ,z"),
    file("a-1.json", row("a")),
  ]);
  expect(rows.map((r) => [r.index, r.source])).toEqual([
    [0, "a-1.json item 1"],
    [1, "a/z.csv line 2"],
    [2, "b.jsonl line 1"],
  ]);
});

test("a skipped row keeps its number, and the others go on", async () => {
  const text = `\u{feff}{"question":"Q","answer":"1"}\r\n\r\nnonsense\r\n{"question":"Q","answer":"3"}`;
  const { rows, skipped } = await readAll([file("x.jsonl", text)]);
  expect(rows.map((r) => [r.index, r.source, said(r)])).toEqual([
    [0, "x.jsonl line 1", "user: Q | assistant: 1"],
    [2, "x.jsonl line 4", "user: Q | assistant: 3"],
  ]);
  expect(skipped).toEqual([
    {
      index: 1,
      source: "x.jsonl line 3",
      reason: "bad-json",
      message: expect.stringContaining("not JSON"),
      excerpt: "nonsense",
    },
  ]);
});

test.each<[string, InputFile[], string]>([
  ["missing picture", [file("x.jsonl", '{"image":"gone.jpg","text":"A"}')], "missing-picture"],
  ["picture on the web", [file("x.jsonl", '{"image":"https://example.org/a.jpg","text":"A"}')], "missing-picture"],
  ["empty picture", [file("a.jpg", ""), file("x.jsonl", '{"image":"a.jpg","text":"A"}')], "broken-picture"],
  [
    "picture over the limit",
    [file("a.jpg", new Uint8Array(101)), file("x.jsonl", '{"image":"a.jpg","text":"A"}')],
    "picture-too-large",
  ],
  [
    "data: picture over the limit",
    [file("x.jsonl", `{"image":"data:image/png;base64,${"A".repeat(140)}","text":"A"}`)],
    "picture-too-large",
  ],
  [
    "too many pictures",
    [file("a.jpg", pixel), file("x.jsonl", '{"images":["a.jpg","a.jpg","a.jpg"],"text":"A"}')],
    "too-many-pictures",
  ],
  ["long line", [file("x.jsonl", `{"question":"Q","answer":"${"A".repeat(300)}"}`)], "too-long-line"],
  ["long item", [file("x.json", `[{"question":"Q","answer":"${"A".repeat(300)}"}]`)], "too-long-line"],
  ["long CSV record", [file("x.csv", `question,answer\nQ,${"A".repeat(300)}`)], "too-long-line"],
  ["long caption", [file("a.jpg", pixel), file("a.txt", "A".repeat(300))], "too-long-line"],
  [
    "not UTF-8",
    [file("x.jsonl", new Uint8Array([...bytes('{"question":"Q","answer":"'), 0xff, ...bytes('"}')]))],
    "bad-text",
  ],
  ["caption not UTF-8", [file("a.jpg", pixel), file("a.txt", new Uint8Array([0x61, 0xe4]))], "bad-text"],
  ["caption in UTF-16", [file("a.jpg", pixel), file("a.txt", new Uint8Array([0xff, 0xfe, 0x61, 0]))], "bad-text"],
  [
    "a WebDataset JSON that is none",
    [
      file(
        "a.tar",
        tarOf([
          { name: "a.jpg", content: pixel },
          { name: "a.json", content: "[1]" },
        ]),
      ),
    ],
    "bad-json",
  ],
])("skips: %s", async (_, files, reason) => {
  const good = file("0.jsonl", '{"question":"Q","answer":"A"}\n');
  const alone = await readAll(files, { limits: { pictureBytes: 100, picturesPerRow: 2, lineBytes: 200 } });
  expect(alone.skipped.map((s) => [s.index, s.reason])).toEqual([[0, reason]]);
  expect(alone.error?.code).toBe("no-rows");
  expect(alone.error?.message).toContain(alone.skipped[0]!.message);
  if (files.some((f) => /\.(jsonl|json|csv)$/.test(f.path))) {
    const beside = await readAll([...files, good], {
      limits: { pictureBytes: 100, picturesPerRow: 2, lineBytes: 200 },
    });
    expect([beside.rows.length, beside.skipped.length, beside.error]).toEqual([1, 1, undefined]);
  }
});

test("a picture and its text may differ in case, and in how an umlaut is encoded", async () => {
  const umlaut = "B\u00e4r";
  const { rows, skipped, notes } = await readAll([
    file(`d/${umlaut.normalize("NFD")}.png`, pixel),
    file(`d/${umlaut}.txt`, "bear"),
    file("d/IMG_1.JPG", pixel),
    file("d/img_1.txt", "one"),
    file("d/x.jpg", pixel),
    file("d/X.jpg", pixel),
    file("d/x.txt", "small"),
    file("d/X.txt", "capital"),
    file("d/y.jpg", pixel),
    file("d/Y.jpg", pixel),
    file("d/Y.TXT", "whose"),
    file("e/img_1.jpg", pixel),
  ]);
  const pairs = rows.map((row) => [row.images[0]!.path.normalize("NFC"), said(row).split("assistant: ")[1]]);
  expect(Object.fromEntries(pairs)).toEqual({
    [`d/${umlaut}.png`]: "bear",
    "d/IMG_1.JPG": "one",
    "d/x.jpg": "small",
    "d/X.jpg": "capital",
    "d/Y.jpg": "whose",
  });
  expect(skipped.map(({ source }) => source)).toEqual(["d/y.jpg", "e/img_1.jpg"]);
  expect(notes).toEqual(["2 pictures of the drop are named by no row and not used."]);
});

test.each<[string, string[], string[]]>([
  ["dots in the names", ["22.05.png", "22.05.txt", "22.06.png", "22.06.txt"], ["22.05.png", "22.06.png"]],
  ["dots, and a text is missing", ["22.05.png", "22.05.txt", "22.06.png"], ["22.05.png"]],
  ["several pictures of one sample", ["b.left.png", "b.right.png", "b.txt"], ["b.left.png b.right.png"]],
])("samples of a tar: %s", async (_, names, pictures) => {
  const { rows, notes } = await readAll([
    file("x.tar", tarOf(names.map((name) => ({ name, content: name.endsWith("txt") ? name : pixel })))),
  ]);
  expect(rows.map((row) => row.images.map(({ path }) => path.replace("x.tar/", "")).join(" "))).toEqual(pictures);
  expect(notes.some((note) => note.includes("x.tar have dots"))).toBe(names[0]!.startsWith("22"));
});

test("a folder's name is the answer where it is a class", async () => {
  const files = ["cats/1.jpg", "cats/2.jpg", "dogs/1.jpg"].map((path) => file(path, pixel));
  const asked = (question: string) =>
    ["cats", "cats", "dogs"].map((name) => `user: [image]${question} | assistant: ${name}`);
  const { rows, notes } = await readAll([...files, file("README.md", "x")]);
  expect(rows.map(said)).toEqual(asked("What is this?"));
  expect(notes).toEqual([expect.stringMatching(/ 2 folders .*\(cats: 2, dogs: 1\)\.$/)]);
  const table = await readAll([...files, file("x.csv", "image,text\nbirds/1.jpg,B\n")]);
  expect([table.rows, table.error?.code]).toEqual([[], "no-rows"]);
  const other = await readAll(files, { instruction: "Which animal?" });
  expect(other.rows.map(said)).toEqual(asked("Which animal?"));
});

test("captions of several lines, several texts, several pictures and repeats are told", async () => {
  const { rows, notes } = await readAll([
    file("10_sks dog/a.png", pixel),
    file("10_sks dog/a.txt", "one\n\ntwo\n"),
    file("10_sks dog/b.png", pixel),
    file("10_sks dog/b.caption", "B"),
    file("10_sks dog/b.txt", "C\n"),
    file("10_sks dog/c.jpg", pixel),
    file("10_sks dog/c.png", pixel),
    file("10_sks dog/c.txt", "D\n"),
  ]);
  expect(rows.map((row) => said(row).split(" | ")[1])).toEqual([
    "assistant: one\n\ntwo",
    "assistant: B",
    "assistant: D",
  ]);
  expect(notes).toEqual([
    "Each picture is one row, although 1 folder may ask for repeats (10_sks dog: 10 times); set more epochs for them.",
    "1 text beside pictures has several lines (first: 10_sks dog/a.txt); all lines of a text are one answer.",
    "1 picture has several texts, of which one is read (first: 10_sks dog/b.caption is read, not 10_sks dog/b.txt).",
    "1 row has several pictures of one name, which are shown together (first: 10_sks dog/c.jpg, 10_sks dog/c.png).",
  ]);
});

test.each<[string, string, string[]]>([
  ["with a heading", "image,caption\n1.jpg,A cat , sitting .\n1.jpg,B\n2.jpg,C\n", ["A cat , sitting .", "B", "C"]],
  ["in quotes", '1.jpg,"A ""cat"", sitting"\r\n2.jpg,B', ['A "cat", sitting', "B"]],
  ["with numbers", "1.jpg#0\tA\n1.jpg#1\tB\n2.jpg#0\tC", ["A", "B", "C"]],
  ["with bars", "image_name| comment_number| comment\n1.jpg| 0| A\n2.jpg| 1| B\n", ["A", "B"]],
])("a text that is a list of captions, %s", async (_, content, answers) => {
  const { rows, skipped, formats } = await readAll([
    file("captions.txt", content),
    ...["1", "2"].map((name) => file(`Images/${name}.jpg`, pixel)),
  ]);
  expect(formats).toEqual(["captions"]);
  expect(rows.map((row) => said(row).split("assistant: ")[1])).toEqual(answers);
  expect(skipped).toEqual([]);
});

test.each([
  ["classes by number", "1.jpg,3\n2.jpg,4\n"],
  ["a list of pictures", "1.jpg\n2.jpg\n"],
  ["prose", "The picture 1.jpg, too."],
])("no list of captions: %s", async (_, content) => {
  const { rows, error } = await readAll([file("x.txt", content), file("1.jpg", pixel), file("2.jpg", pixel)]);
  expect([rows, error?.code]).toEqual([[], "no-rows"]);
});

const captioned = [file("a.jpg", pixel), file("a.txt", "A")];
test.each<[string, InputFile[], string[], RegExp]>([
  [
    "a list of tags",
    [file("tags.csv", "tag,count\ncat,2\n")],
    ["A"],
    /^tags\.csv is left aside: it gives no row \(No conv/,
  ],
  ["captions without pictures", [file("m.csv", "text\nB\n")], ["A"], /^m\.csv is left aside: .* names no picture/],
  [
    "a table whose pictures are gone",
    [file("m.csv", "image,text\nx.jpg,B\n")],
    ["A"],
    /^m\.csv .*"x\.jpg" is not among/,
  ],
  ["statistics", [file("0_stats.json", '{"count": 3}')], ["A"], /^0_stats\.json is left aside/],
  ["an empty table", [file("m.csv", "")], ["A"], /^m\.csv is left aside: it gives no row \(it is empty\)/],
  ["a broken table", [file("m.parquet", "PAR1")], ["A"], /^m\.parquet is left aside: .*cannot be read/],
  ["a table of rows", [file("m.csv", "image,text\nx.jpg,C\na.jpg,B\n")], ["B"], /^a\.txt is left aside: texts beside/],
])("captions beside %s", async (_, files, answers, note) => {
  const { rows, notes } = await readAll([...captioned, ...files]);
  expect(rows.map((row) => said(row).split("assistant: ")[1])).toEqual(answers);
  expect(notes[0]).toMatch(note);
});

test("what is left aside among tables is told also where none of them gives a row", async () => {
  const { rows, notes } = await readAll([...captioned, file("0.csv", "url,text\nx,B\n"), file("0_stats.json", "{}")]);
  expect(rows.length).toBe(1);
  expect(notes).toEqual([
    expect.stringMatching(/^0\.csv is left aside: it gives no row/),
    expect.stringMatching(/^0_stats\.json is left aside: it holds statistics/),
  ]);
});

test("boxes beside pictures are no captions", async () => {
  const { rows, skipped } = await readAll([
    file("images/a.jpg", pixel),
    file("labels/a.txt", "0 0.5 0.5 0.25 0.1\n12 0.1 0.2 1 0\n"),
    file("images/b.jpg", pixel),
    file("labels/b.txt", "0 0.5"),
  ]);
  expect(rows.map(said)).toEqual(["user: [image]Describe the image. | assistant: 0 0.5"]);
  expect(skipped.map((s) => [s.source, s.reason, s.message])).toEqual([
    [
      "images/a.jpg",
      "missing-text",
      'The classes in "objects" are numbers, and no file names them; add classes.txt with a name a line, or YOLO\'s data.yaml.',
    ],
  ]);
});

test("a sidecar picture without text is skipped, the others are read", async () => {
  const { rows, skipped } = await readAll([file("a.jpg", pixel), file("b.jpg", pixel), file("b.txt", "B")]);
  expect(rows.map((r) => r.index)).toEqual([1]);
  expect(skipped.map((s) => [s.index, s.source, s.reason])).toEqual([[0, "a.jpg", "missing-text"]]);
});

test("a picture is not taken for that of another row, whichever comes first", async () => {
  const row = (image: string) => `{"image":"${image}","question":"Q","answer":"${image}"}\n`;
  const table = file("x.jsonl", row("cats/1.jpg") + row("dogs/1.jpg") + row("b/2.jpg") + row("3.jpg") + row("3.png"));
  const { rows, skipped, notes } = await readAll([
    table,
    file("1.jpg", pixel),
    file("images/2.jpg", pixel),
    file("3.png", pixel),
  ]);
  expect(rows.map((row) => row.index)).toEqual([2, 4]);
  expect(skipped.map((s) => [s.index, s.reason])).toEqual([0, 1, 3].map((i) => [i, "missing-picture"]));
  expect(notes).toEqual([
    "1 picture was not under the path that the rows name and found by its name (images/2.jpg for b/2.jpg).",
    "1 picture of the drop is named by no row and not used.",
  ]);
});

test("pictures that no row names are counted; those beside a table that was given alone are not", async () => {
  const more = file("images/3.jpg", pixel);
  const table = file("x.csv", "image,question,answer\nimages/1.jpg,Q1,A1\n,Q2,A2\n");
  const dropped = await readAll([...pictures, more, table]);
  expect([dropped.rows.length, dropped.notes]).toEqual([
    2,
    [
      "1 row has no picture and is trained on as text alone.",
      "2 pictures of the drop are named by no row and not used.",
    ],
  ]);
  const beside = [...pictures, more].map((f) => ({ ...f, beside: true }));
  const named = await readAll([...beside, table]);
  expect([named.rows.length, named.notes]).toEqual([2, ["1 row has no picture and is trained on as text alone."]]);
  const blind = await readAll([...beside, file("x.csv", "id,question,answer\n1,Q1,A1\n")]);
  expect([blind.rows.length, blind.error]).toEqual([1, undefined]);
});

test.each<[string, InputFile[], string, RegExp]>([
  ["nothing", [], "no-rows", /0 files/],
  ["pictures alone", pictures, "no-rows", /2 pictures and no text/],
  ["an empty table", [file("x.jsonl", "\n\n")], "no-rows", /no rows in x\.jsonl/],
  ["an unknown file", [file("notes.docx", "x")], "no-rows", /nothing that holds rows/],
  ["a packed table", [file("a.jsonl.gz", "x")], "no-rows", /unpack it first/],
  ["no packed tar", [file("a.tar.gz", "hello")], "bad-dataset", /a\.tar\.gz cannot be unpacked: /],
  ["a PDF", [file("form.pdf", "%PDF-1.7 …")], "no-rows", /1 file and .*form\.pdf is a PDF/],
  [
    "several kinds",
    [file("a.exe", "MZ\x90"), file("b.exe", "MZ\x90"), file("IMG_1.jpg", heic), file("c.png", "")],
    "no-rows",
    /2 pictures and no text that belongs to them \(a\.exe, b\.exe is a program.*IMG_1\.jpg is a HEIC picture.*c\.png is empty \(0 bytes\)/,
  ],
  [
    "Arrow files of save_to_disk",
    [
      file("data-00000-of-00001.arrow", new Uint8Array([255, 255, 255, 255, 0x78, 2, 0, 0, ...new Uint8Array(16)])),
      file("state.json", "{}"),
    ],
    "no-rows",
    /data-00000-of-00001\.arrow is an Arrow file, as save_to_disk/,
  ],
  ["one picture alone", [file("images/1.jpg", pixel)], "no-rows", /1 picture and no text that belongs to it/],
  [
    "a table whose picture column has an unknown name",
    [...pictures, file("x.csv", "bild,question,answer\nimages/1.jpg,Q1,A1\nimages/2.jpg,Q2,A2\n")],
    "no-rows",
    /column "bild" looks like one/,
  ],
  [
    "a table that names no picture beside pictures",
    [...pictures, file("x.csv", "id,question,answer\n1,Q1,A1\n2,Q2,A2\n")],
    "bad-dataset",
    /2 pictures lie beside x\.csv, and none of its 2 rows names one/,
  ],
  ["no zip", [file("x.zip", "hello hello hello hello hello")], "bad-dataset", /x\.zip .*zip archive/],
  ["no tar", [file("x.tar", "hello".repeat(300))], "bad-dataset", /x\.tar is not a tar/],
  ["no parquet", [file("x.parquet", "hello".repeat(300))], "bad-dataset", /x\.parquet cannot be read/],
  ["one path twice", [file("x.jsonl", "{}"), file("./x.jsonl", "{}")], "bad-dataset", /path x\.jsonl/],
])("refuses: %s", async (_, files, code, message) => {
  const { error } = await readAll(files);
  expect(error?.code).toBe(code);
  expect(error?.message).toMatch(message);
  expect(error?.remedy).not.toBe("");
});

test("row limit", async () => {
  const { rows, error } = await readAll([file("x.jsonl", '{"question":"Q","answer":"A"}\n'.repeat(4))], {
    limits: { rows: 3 },
  });
  expect([rows.length, error?.code, error?.message]).toEqual([3, "bad-dataset", "The data set has more than 3 rows."]);
});

/** A file whose disk fails after `text`. */
function failing(path: string, text: string): InputFile {
  const blob = new Blob([text]);
  blob.stream = () => {
    let sent = false;
    return new ReadableStream({
      pull(controller) {
        if (sent) controller.error(new Error("the disk is gone"));
        else controller.enqueue(bytes(text));
        sent = true;
      },
    });
  };
  return { path, blob };
}

test("a file that breaks behind its first rows costs the rest of itself only", async () => {
  const { rows, skipped } = await readAll([
    failing("a.jsonl", '{"question":"Q","answer":"A"}\n{"que'),
    file("b.jsonl", '{"question":"Q","answer":"B"}'),
  ]);
  expect(rows.map((row) => [row.index, said(row)])).toEqual([
    [0, "user: Q | assistant: A"],
    [2, "user: Q | assistant: B"],
  ]);
  expect(skipped.map((s) => [s.index, s.source, s.reason, s.message])).toEqual([
    [1, "a.jsonl", "broken-part", "The rest of a.jsonl cannot be read: the disk is gone."],
  ]);
});

test("a file that cannot be read from the start is named", async () => {
  const { error } = await readAll([failing("a.jsonl", "")]);
  expect([error?.code, error?.message]).toEqual(["bad-dataset", "a.jsonl cannot be read: the disk is gone."]);
});

test("a picture that cannot be read when it is wanted says so", async () => {
  const { rows } = await readAll([failing("a.jpg", "12"), file("a.txt", "A")]);
  await expect(rows[0]!.images[0]!.bytes()).rejects.toMatchObject({
    code: "bad-image",
    message: expect.stringContaining("a.jpg"),
  });
});

test("values with a toString of their own end no reading", async () => {
  const odd = { toString: 1, valueOf: 1 };
  const good = { image: "a.png", question: "What?", answer: "A cat." };
  const records: object[] = [
    { ...good, width: odd, height: odd, objects: { bbox: [[0, 0, 1, 1]], category: ["cat"] }, answer: undefined },
    { image: "a.png", messages: [{ role: "user", content: JSON.stringify([{ type: odd }]) }] },
    { input: odd, answer: "yes" },
    { ...good, image: odd, id: odd, label: odd },
  ];
  const a = file("a.png", pngOfSize(200, 100));
  for (const record of records) {
    const lines = [record, good].map((row) => JSON.stringify(row)).join("\n");
    const { rows } = await readAll([a, file("x.jsonl", lines)]);
    expect(said(rows.at(-1)), lines).toContain("A cat.");
  }
  const tables: object[] = [
    { columns: ["image", "question", "answer", odd], data: [["a.png", "What?", "A cat.", 1]] },
    {
      images: [
        { id: odd, file_name: "a.png" },
        { id: 1, file_name: "a.png" },
      ],
      annotations: [
        { image_id: odd, caption: "x" },
        { image_id: 1, caption: "A cat." },
      ],
    },
    {
      images: [
        { id: odd, file_name: "b.png" },
        { id: 1, file_name: "a.png" },
      ],
      annotations: [
        { image_id: odd, category_id: odd, bbox: [1, 2, 3, 4] },
        { image_id: 1, category_id: 1, bbox: [1, 2, 3, 4] },
      ],
      categories: [
        { id: odd, name: "dog" },
        { id: 1, name: "A cat." },
      ],
    },
  ];
  for (const table of tables) {
    const { rows } = await readAll([a, file("x.json", JSON.stringify(table))]);
    expect(said(rows.at(-1)), JSON.stringify(table)).toContain("A cat.");
  }
  const labelled = [
    a,
    file("a.json", JSON.stringify({ text: odd })),
    file("a.txt", "0 0.5 0.5 0.5 0.5\n"),
    file("data.yaml", "names: [A cat.]"),
  ];
  expect((await readAll(labelled)).rows).toHaveLength(1);
});

test("a picked column that no row has is an error, not rows without it", async () => {
  const pictures = [file("a.jpg", pixel)];
  const lines = '{"image":"a.jpg","question":"Q","answer":"A"}\n{"question":"Q","answer":"A"}\n';
  const { error } = await readAll([file("d.jsonl", lines), ...pictures], { mapping: { images: "Image" } });
  expect([error?.code, error?.message]).toEqual([
    "bad-dataset",
    'The mapping names "Image", and no row that was read has a column of that name.',
  ]);
  // One row that has it is enough, be it skipped.
  const named = lines.replace("a.jpg", "b.jpg").replace("image", "pic");
  const { rows, error: none } = await readAll([file("d.jsonl", named)], { mapping: { images: "pic" } });
  expect([rows.length, none]).toEqual([1, undefined]);
  const some = { mapping: { images: "Image" }, first: { rows: 1 } };
  expect((await readAll([file("d.jsonl", lines)], some)).notes).toContain(
    'The mapping names "Image", and no row that was read has a column of that name.',
  );
});
