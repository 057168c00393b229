/** Parquet files as people keep them on a hub, and a way to read them from the fake one. */
import type { hubFiles } from "../data/hub/open.ts";
import { parquetDataSet } from "../data/rows/parquet-data-set.ts";
import { readRows } from "../data/rows/read-rows.ts";
import type { Row } from "../data/rows/row.ts";

/** Bytes that do not compress, the same for the same seed. */
export function noise(length: number, seed: number): Uint8Array {
  let state = seed + 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

/** A file of `rows` rows "question N", N from `from` on, each with a picture of these bytes; a row group has 100 rows. */
export async function parquetOf(
  rows: number,
  { from = 0, picture = (n: number) => noise(3000, n) }: { from?: number; picture?: (n: number) => Uint8Array } = {},
): Promise<Uint8Array> {
  const file = parquetDataSet();
  for (let n = from; n < from + rows; n++) {
    const row: Row = {
      index: n,
      source: "",
      messages: [
        { role: "user", content: [{ type: "image" }, { type: "text", text: `question ${n}` }] },
        { role: "assistant", content: [{ type: "text", text: `answer ${n}` }] },
      ],
      images: [{ path: `${n}.png`, bytes: async () => picture(n) }],
    };
    await file.add(row);
  }
  return new Uint8Array(await file.finish().arrayBuffer());
}

/** The questions of the rows, and the first bytes of their pictures; what else is said with a "note: " in front. */
export async function questionsOf(
  files: Awaited<ReturnType<typeof hubFiles>>,
  first?: { rows: number; of?: number },
): Promise<string[]> {
  const out: string[] = [];
  for await (const event of readRows(files, { first })) {
    if (event.type === "format" && event.format === "note") out.push(`note: ${event.detail}`);
    if (event.type === "skipped") out.push(`skipped: ${event.skipped.message}`);
    if (event.type !== "row") continue;
    const [, text] = event.row.messages[0]!.content;
    const picture = await event.row.images[0]!.bytes();
    out.push(`${text?.type === "text" ? text.text : ""} ${picture.subarray(0, 4).join(".")}`);
  }
  return out;
}
