/** Which boxes of a conversation belong on the picture of a question. */
import { hasBoxes } from "../../workers/metrics/boxes.ts";
import type { BoxLayer } from "../parts/BoxedPicture.tsx";
import type { Turn } from "../stores/turns.ts";

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
  return [
    ...(right !== undefined && hasBoxes(right) ? [{ kind: "right" as const, text: right }] : []),
    ...(given ? [{ kind: "given" as const, text: given.text }] : []),
  ];
}
