/** Which boxes of a conversation belong on the picture of a question. */
import { hasBoxes } from "../../workers/metrics/boxes.ts";
import type { BoxLayer } from "../parts/BoxedPicture.tsx";
import { conversationOf, type Side, type SidesRow } from "../stores/sides-rows.ts";
import type { Turn } from "../stores/turns.ts";

/** Boxes of the right answer below those of the given one; none of an answer without boxes. */
const layers = (right: string | undefined, given: string | undefined): BoxLayer[] => [
  ...(right !== undefined && hasBoxes(right) ? [{ kind: "right" as const, text: right }] : []),
  ...(given !== undefined && hasBoxes(given) ? [{ kind: "given" as const, text: given }] : []),
];

type Said = Pick<Turn, "role" | "text" | "pictures" | "rightAnswer" | "footnote">;

/**
 * Of the question at `at`, where it brings the only picture that can be meant: the newest boxes that were answered before another picture
 * came, and beside them the right ones; those alone where an answer has none. Nothing is shown of them before the answer is whole.
 */
export function layersOf(turns: readonly Said[], at: number): BoxLayer[] {
  const isAlone = turns.slice(0, at + 1).reduce((sum, { pictures }) => sum + pictures.length, 0) === 1;
  if (!isAlone || turns[at]?.pictures.length !== 1) return [];
  const next = turns.findIndex(({ pictures }, i) => i > at && pictures.length > 0);
  const about = turns.slice(at, next < 0 ? undefined : next);
  const given = about.findLast(({ role, text }) => role === "assistant" && hasBoxes(text));
  const whole =
    given ?? about.findLast(({ role }, i) => role === "assistant" && hasBoxes(about[i - 1]?.rightAnswer ?? ""));
  const right = whole?.footnote === undefined ? undefined : about[about.indexOf(whole) - 1]?.rightAnswer;
  return layers(right, given?.text);
}

/**
 * Of one of two answers to a question: the only picture that it can be about, with its boxes and, once it is whole, the right ones. Undefined
 * where it has none, or another picture may be meant.
 */
export function boxedAnswer(
  rows: readonly SidesRow[],
  row: SidesRow,
  side: Side,
): { url: string; layers: BoxLayer[] } | undefined {
  const until = rows.slice(0, rows.indexOf(row) + 1);
  const talk = conversationOf(until, [row.left.speaker, row.right.speaker]);
  const [picture, ...others] = talk.flatMap(({ pictures }) => pictures);
  const { text, ids } = row[side];
  const found = layers(ids && row.rightAnswer, text);
  return picture && others.length === 0 && found.length > 0 ? { url: picture.url, layers: found } : undefined;
}
