import { expect, test } from "vitest";
import { csvFields, csvRecordsOf, guessDelimiter } from "./csv.ts";
import { jsonItemsOf } from "./json-items.ts";
import { linesOf } from "./lines.ts";
import type { RawRecord } from "./raw.ts";

/** The text's bytes in pieces of `size`, so that every boundary is hit once. */
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

/** "place: text", with "(long)" and "(broken)" where that is so. */
async function all(records: AsyncGenerator<RawRecord>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { place, bytes, tooLong, broken } of records) {
    const text = tooLong ? `(long, ${bytes.length})` : new TextDecoder().decode(bytes).trim();
    seen.push(`${place}: ${text}${broken === undefined ? "" : " (broken)"}`);
  }
  return seen;
}

const BOM = "\u{feff}";
type Case = [string, typeof linesOf, string, string[]];

test.each<Case>([
  ["lines", linesOf, "a\nbc\n", ["line 1: a", "line 2: bc"]],
  ["no end at the end", linesOf, "a\nbc", ["line 1: a", "line 2: bc"]],
  ["CRLF, BOM, blank lines", linesOf, `${BOM}ä\r\n\r\n  \r\nc\r\n`, ["line 1: ä", "line 4: c"]],
  ["only a BOM", linesOf, BOM, []],
  ["a long line in the middle", linesOf, `a\n${"x".repeat(40)}\nb`, ["line 1: a", "line 2: (long, 40)", "line 3: b"]],
  ["a long line at the end", linesOf, `a\n${"x".repeat(2000)}`, ["line 1: a", "line 2: (long, 800)"]],
  [
    "array",
    jsonItemsOf,
    '[{"a":1}, {"b":[2,3]}\n,{"c":"],}"}]',
    ['item 1: {"a":1}', 'item 2: {"b":[2,3]}', 'item 3: {"c":"],}"}'],
  ],
  [
    "escaped quotes",
    jsonItemsOf,
    String.raw`[{"a":"\"]"},{"b":"\\"}]`,
    [String.raw`item 1: {"a":"\"]"}`, String.raw`item 2: {"b":"\\"}`],
  ],
  ["BOM and white space in front", jsonItemsOf, `${BOM}\n [ 1 , null ] \n`, ["item 1: 1", "item 2: null"]],
  ["empty array", jsonItemsOf, " [ ] ", []],
  ["empty file", jsonItemsOf, " ", []],
  [
    "values one after the other",
    jsonItemsOf,
    '{"a":1}\n{"b":\n2} {"c":{}}',
    ['item 1: {"a":1}', 'item 2: {"b":\n2}', 'item 3: {"c":{}}'],
  ],
  ["a broken item costs itself", jsonItemsOf, '[{"a":}, {"b":2}]', ['item 1: {"a":}', 'item 2: {"b":2}']],
  ["cut-off array", jsonItemsOf, '[{"a":1},{"b', ['item 1: {"a":1}', 'item 2: {"b (broken)']],
  ["text behind the array", jsonItemsOf, '[{"a":1}] x', ['item 1: {"a":1}', "item 2: x (broken)"]],
  ["a long item", jsonItemsOf, `[{"a":"${"x".repeat(40)}"},{"b":2}]`, ["item 1: (long, 48)", 'item 2: {"b":2}']],
  ["csv", csvRecordsOf, "a,b\r\n1,2\n", ["line 1: a,b", "line 2: 1,2"]],
  ["quoted line ends", csvRecordsOf, 'a,b\n"x\ny",2\n3,4', ["line 1: a,b", 'line 2: "x\ny",2', "line 4: 3,4"]],
  ["doubled quotes", csvRecordsOf, 'a\n"say ""\n"" "\nb', ["line 1: a", 'line 2: "say ""\n"" "', "line 4: b"]],
  [
    "a quote inside a bare field",
    csvRecordsOf,
    'a,b\n5" pipe,2\n3,4',
    ["line 1: a,b", 'line 2: 5" pipe,2', "line 3: 3,4"],
  ],
  ["a quote that never closes", csvRecordsOf, 'a,b\n1,"x\n3,4\n', ["line 1: a,b", 'line 2: 1,"x\n3,4 (broken)']],
  ["a long record", csvRecordsOf, `a\n"${"x\n".repeat(20)}"\nb`, ["line 1: a", "line 2: (long, 42)", "line 23: b"]],
])("%s, cut anywhere", async (_, read, text, expected) => {
  for (const size of [1, 2, 3, 7, 10_000]) {
    const seen = await all(read(pieces(text, size), 32));
    // How much of a long record is kept for the excerpt depends on the cut.
    const blur = (lines: string[]) =>
      lines.map((line) => (size === 10_000 ? line : line.replace(/\(long, \d+\)/, "(long)")));
    expect(blur(seen)).toEqual(blur(expected));
  }
});

test.each([
  ["a,b;c,d", ","],
  ["a;b", ";"],
  ["a\tb\tc,d", "\t"],
  ['"a,b";c', ";"],
  ["alone", ","],
])("delimiter of %j is %j", (header, delimiter) => {
  expect(guessDelimiter(header)).toBe(delimiter);
});

test.each<[string, string[]]>([
  ['a,"b ""c"" d",', ["a", 'b "c" d', ""]],
  ['"x\r\ny", z \r', ["x\r\ny", " z "]],
  ["a;b", ["a;b"]],
])("fields of %j", (record, fields) => {
  expect(csvFields(record, ",")).toEqual(fields);
});

test("fields of a broken record", () => {
  expect(() => csvFields('"a"b,c', ",")).toThrow(expect.objectContaining({ reason: "bad-csv" }));
});
