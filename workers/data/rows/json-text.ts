/** JSON texts as rows' files have them: what is broken is told of its row, or passed over where rows are only looked up. */
import { decodeText } from "./bytes.ts";
import { parseLoosely } from "./loose-json.ts";
import { RowProblem, wordsOf } from "./problem.ts";
import type { RawRecord } from "./raw.ts";
import { isRecord } from "./values.ts";

/** Throws a RowProblem "bad-json". */
export function parseJson(text: string): unknown {
  try {
    return parseLoosely(text);
  } catch (error) {
    throw new RowProblem("bad-json", `The text is not JSON: ${wordsOf(error)}.`, { cause: error });
  }
}

/** The object that an item is; undefined of one that is broken, too long or something else: what needs it says so. */
export function objectIn({ bytes, tooLong, broken }: RawRecord): Record<string, unknown> | undefined {
  if (tooLong || broken !== undefined) return undefined;
  try {
    const item = parseLoosely(decodeText(bytes));
    return isRecord(item) ? item : undefined;
  } catch {
    return undefined;
  }
}
