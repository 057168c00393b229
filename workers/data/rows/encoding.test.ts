import { expect, test } from "vitest";
import { file, pixel, readAll, said } from "../../testing/rows.ts";

const pictures = [file("a.jpg", pixel), file("b.jpg", pixel)];
const utf16 = (text: string, mark = true, big = false) =>
  Uint8Array.from(
    [...(mark ? "\ufeff" : ""), ...text].flatMap((char) => {
      const [low, high] = [char.charCodeAt(0) & 255, char.charCodeAt(0) >> 8];
      return big ? [high, low] : [low, high];
    }),
  );
/** One byte a character: Latin-1, and the bytes of GBK where they are written as such. */
const latin = (text: string) => Uint8Array.from([...text].map((char) => char.charCodeAt(0)));
const table = "file_name;text\r\na.jpg;Un caf\u00e9.\r\nb.jpg;A dot.\r\n";
const cafe = ["Un café.", "A dot."];
/** "一只红色的猫" in GBK. */
const cat = "\u00d2\u00bb\u00d6\u00bb\u00ba\u00ec\u00c9\u00ab\u00b5\u00c4\u00c3\u00a8";

test.each<[string, string, string | Uint8Array, string[], RegExp]>([
  ["UTF-8", "x.csv", table, cafe, /^$/],
  ["Windows-1252", "x.csv", latin(table), cafe, /x\.csv is not UTF-8 and is read as Windows-1252/],
  [
    "Windows-1252 in JSON lines",
    "x.jsonl",
    latin('{"file_name":"a.jpg","text":"\u00c9t\u00e9"}'),
    ["Été"],
    /Windows-1252/,
  ],
  ["UTF-16 with its mark", "x.csv", utf16(table), cafe, /read as UTF-16/],
  ["UTF-16, big end first", "x.csv", utf16(table, true, true), cafe, /read as UTF-16/],
  ["UTF-16 without a mark", "x.csv", utf16(table, false), cafe, /read as UTF-16/],
  ["GBK", "x.csv", latin(`file_name,text\na.jpg,${cat}\n`), ["一只红色的猫"], /read as GBK/],
  ["ü and ß are no Chinese", "x.csv", latin("file_name,text\na.jpg,Gr\u00fc\u00dfe\n"), ["Grüße"], /Windows-1252/],
  ["CR line ends", "x.csv", table.replaceAll("\n", ""), cafe, /line ends of old Macs/],
  [
    "CR in JSON lines",
    "x.jsonl",
    '{"file_name":"a.jpg","text":"A"}\r{"file_name":"b.jpg","text":"B"}\r',
    ["A", "B"],
    /CR/,
  ],
  ["no heading", "x.csv", "a.jpg,A\nb.jpg,B\n", ["A", "B"], /x\.csv has no heading: .* file_name and text/],
  ["Excel's line of the delimiter", "x.csv", "sep=;\r\nfile_name;text\r\na.jpg;A, b\r\n", ["A, b"], /^$/],
  ["spaces in front of quotes", "x.csv", 'file_name, text\na.jpg, "A ""b"", c"\nb.jpg,D \n', ['A "b", c', "D "], /^$/],
  ["a space behind each delimiter", "x.csv", "file_name| text\na.jpg| A b \nb.jpg|  C\n", ["A b ", " C"], /^$/],
  [
    "a column twice",
    "x.csv",
    "file_name,text,text,,\na.jpg,A,B,,\n",
    ["A"],
    /^x\.csv has several columns called "text"; the first of each name is read\.$/,
  ],
  ["no heading, the picture last", "x.tsv", "A\ta.jpg\n", ["A"], /text and file_name/],
])("%s", async (_, path, content, texts, notes) => {
  const all = await readAll([...pictures, file(path, content)]);
  expect([all.error, all.skipped]).toEqual([undefined, []]);
  expect(all.rows.map((row) => said(row).replace(/^.*assistant: /, ""))).toEqual(texts);
  expect(all.notes.filter((note) => !/named by no row/.test(note)).join(" ")).toMatch(notes);
});

test("a broken byte in a UTF-8 file costs its record and changes no other", async () => {
  const bytes = new TextEncoder().encode("file_name,text\na.jpg,caf# é\nb.jpg,naïve ü\n");
  bytes[bytes.indexOf(35)] = 0xe9;
  const { rows, skipped, notes } = await readAll([...pictures, file("x.csv", bytes)]);
  expect(rows.map(said)).toEqual(["user: [image]Describe the image. | assistant: naïve ü"]);
  expect([skipped.map(({ reason }) => reason), notes]).toEqual([
    ["bad-text"],
    [expect.stringMatching(/named by no row/)],
  ]);
});

test("a table of more columns without a heading is refused", async () => {
  const { error } = await readAll([...pictures, file("x.csv", "a.jpg,Q,A\nb.jpg,Q,B\n")]);
  expect([error?.code, error?.message]).toEqual(["bad-dataset", expect.stringMatching(/x\.csv has no heading/)]);
});

test("a run of 0xFF in UTF-8 is damage, and no Chinese: it costs its line", async () => {
  const bytes = new TextEncoder().encode(
    '{"image":"a.jpg","text":"Grüße"}\n{"image":"b.jpg","text":"A very black dot."}\n',
  );
  const { rows, skipped, notes } = await readAll([file("x.jsonl", bytes.fill(255, 64, 72)), ...pictures]);
  expect(rows.map(said)).toEqual(["user: [image]Describe the image. | assistant: Grüße"]);
  expect(skipped.map(({ reason }) => reason)).toEqual(["bad-text"]);
  expect(notes.filter((note) => note.includes("UTF-8"))).toEqual([]);
});

test("words of another alphabet are not taken for Western ones", async () => {
  const russian = new Uint8Array([0xea, 0xf0, 0xf3, 0xe3, 0x20, 0xed, 0xe0, 0x20, 0xf4, 0xee, 0xed, 0xe5]);
  const bytes = new Uint8Array([...new TextEncoder().encode("file_name,text\na.jpg,"), ...russian, 10]);
  const { rows, skipped } = await readAll([...pictures, file("x.csv", bytes)]);
  expect([rows, skipped.map(({ message }) => message)]).toEqual([
    [],
    ["The text is not valid UTF-8; save the file as UTF-8."],
  ]);
});
