/** What turns say besides their texts and is not followed in training. */
import type { Tell } from "./remarks.ts";
import { isRecord, keyText, own } from "./values.ts";

/** An answer that is marked as context alone: `weight` of OpenAI's, `loss` of ms-swift, `train` of axolotl. */
function isUntrained(turn: Record<string, unknown>): boolean {
  const marks = [own(turn, "weight"), own(turn, "loss"), own(turn, "train")];
  return marks.some((mark) => mark === false || (keyText(mark)?.trim() && Number(mark) === 0));
}

const isThought = (turn: Record<string, unknown>): boolean =>
  (keyText(own(turn, "reasoning_content")) ?? "").trim() !== "";

/** Tells the marks that `turns`, as they are written, have. */
export function tellMarks(turns: readonly unknown[], tell: Tell): void {
  const records = turns.filter(isRecord);
  if (records.some(isUntrained))
    tell(
      "a turn is marked as not to be trained on (weight, loss or train), and that is not followed: every answer of a conversation is trained on",
    );
  if (records.some(isThought)) tell('"reasoning_content" of a turn is left aside');
}
