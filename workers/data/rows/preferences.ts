/** Data of preferences (KTO, DPO), of which only the better answers are trained on. */
import { quoted } from "./column-words.ts";
import type { Fields } from "./fields.ts";
import { RowProblem } from "./problem.ts";
import { isTurns, roleOf } from "./turns.ts";
import { isRecord, keyText } from "./values.ts";

/** Throws a RowProblem "bad-row" where the answer is marked as a bad one; `label` says that only of a conversation, or beside prompt and completion. */
export function refuseDisliked(fields: Fields, isConversation: boolean): void {
  const isPair = ["prompt", "completion"].every((name) => fields.names.includes(name));
  const marks = fields.all("liked").filter(({ name }) => isConversation || isPair || name === "kto_tag");
  const bad = marks.find(({ value }) => value === false);
  if (!bad) return;
  throw new RowProblem(
    "bad-row",
    `The answer is marked as a bad one (${quoted(bad.name)} is false), and only good ones are trained on.`,
  );
}

/** The turns with the better answer behind them, where they end with a question (LLaMA-Factory: a turn in `chosen`). */
export function withChosen(turns: unknown[], fields: Fields): unknown[] {
  const chosen = fields.all("chosen")[0]?.value;
  const answers = isRecord(chosen) ? [chosen] : chosen;
  const last = turns.at(-1);
  const asks = isRecord(last) && /^(user|human)$/i.test(keyText(roleOf(last)) ?? "");
  return asks && isTurns(answers) ? [...turns, ...answers] : turns;
}
