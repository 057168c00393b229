/** Tables with a line for each box (TensorFlow's and Roboflow's CSV) -> a record for each picture, with all boxes that are on it. */
import { TabTuneError } from "../../errors.ts";
import { isColumnOf, sidesAmong } from "./columns.ts";
import type { DatasetLimits } from "./limits.ts";
import { RowProblem } from "./problem.ts";
import type { ReadRecord } from "./raw.ts";
import { isRecord, keyText, own } from "./values.ts";

/** Lines that are held of a file: so many for each row that may be read. */
const BOXES_A_ROW = 4;

/** Whether a table with this heading has pictures and boxes, and nothing else that would be an answer. */
export const hasBoxLines = (header: readonly string[]): boolean =>
  sidesAmong(header) !== undefined &&
  header.some((name) => isColumnOf(name, "images")) &&
  !header.some((name) => isColumnOf(name, "question", "answer", "caption", "messages", "boxes"));

/**
 * Records of pictures, in the order of their first lines; a line that is broken stays a record of its own. A line whose four sides are
 * empty says that nothing is on its picture. Throws TabTuneError "bad-dataset" where the table has more lines than are held.
 */
export async function* boxesByPicture(
  path: string,
  lines: AsyncGenerator<ReadRecord>,
  header: readonly string[],
  limits: DatasetLimits,
): AsyncGenerator<ReadRecord> {
  const sides = sidesAmong(header)!;
  const image = header.find((name) => isColumnOf(name, "images"))!;
  const label = header.find((name) => isColumnOf(name, "label")) ?? header.find((name) => /^name$/i.test(name)) ?? "";
  const pictures = new Map<string, { record: Record<string, unknown>; objects: unknown[]; first: ReadRecord }>();
  const broken: ReadRecord[] = [];
  const most = BOXES_A_ROW * limits.rows;
  let count = 0;
  for await (const line of lines) {
    if (++count > most) {
      const message = `${path} has more than ${most} lines of boxes.`;
      throw new TabTuneError("bad-dataset", message, "Split it and train on a part.");
    }
    const record = await parsed(line);
    if (!isRecord(record)) {
      broken.push(line);
      continue;
    }
    const key = keyText(own(record, image)) ?? "";
    const picture = pictures.get(key) ?? { record, objects: [], first: line };
    pictures.set(key, picture);
    const box = sides.map(([side, name]) => [side, own(record, name)] as const);
    if (box.some(([, value]) => value !== ""))
      picture.objects.push({ ...Object.fromEntries(box), label: own(record, label) });
  }
  for (const { record, objects, first } of pictures.values()) {
    const kept = Object.entries(record).filter(([name]) => isColumnOf(name, "width", "height", "split", "system"));
    const grouped = { image: own(record, image), ...Object.fromEntries(kept), objects };
    yield { ...first, columns: header, parse: () => grouped };
  }
  yield* broken;
}

/** Undefined for a line that cannot be read: its own record says why. */
async function parsed({ parse }: ReadRecord): Promise<unknown> {
  try {
    return await parse();
  } catch (error) {
    if (error instanceof RowProblem) return undefined;
    throw error;
  }
}
