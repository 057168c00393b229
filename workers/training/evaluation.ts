/** The loss of rows that are not trained on: for `evaluate` of the command line and between the steps of a run alike. */
import { packsOf } from "../data/batches/pack.ts";
import type { Example } from "../data/example.ts";
import { TabTuneError } from "../errors.ts";
import type { EvaluationRecord } from "./events.ts";
import type { Runner, TrainOn } from "./step.ts";

/** What the loss of rows gives; figures of answers stand beside it by name (`EvaluationRecord.metrics`). */
export type Measured = Pick<EvaluationRecord, "loss" | "targetTokens" | "rows">;

/**
 * Sum over all targets of the rows, divided by their number; how rows come in batches is for speed alone. No logits are kept.
 * @param goOn asked before each batch with the rows that are done; when it says no, the result is undefined
 * @throws TabTuneError "non-finite-loss" naming the row, "no-rows" where there is no target
 */
export async function measure(
  runner: Pick<Runner, "losses" | "room">,
  batches: AsyncIterable<Example[]>,
  trainOn: TrainOn,
  goOn: (rows: number) => Promise<boolean> = async () => true,
): Promise<Measured | undefined> {
  let sum = 0;
  let targetTokens = 0;
  let rows = 0;
  for await (const examples of batches) {
    if (!(await goOn(rows))) return undefined;
    for (const pack of packsOf(examples, trainOn, runner.room)) {
      if (pack.targets.length === 0) continue;
      const losses = await runner.losses(pack);
      needFinite(losses, pack.examples);
      for (const loss of losses) sum += loss;
      targetTokens += losses.length;
    }
    rows += examples.length;
  }
  if (targetTokens === 0) {
    const what = "No token of these rows is trained on, so there is no loss to measure.";
    throw new TabTuneError("no-rows", what, 'Give rows with answers, or set train_on to "all-text".');
  }
  return { loss: sum / targetTokens, targetTokens, rows };
}

/** A loss that is no number says nothing of the model, and JSON would turn it into null. */
export function needFinite(losses: Iterable<number>, examples: readonly Pick<Example, "row">[]): void {
  for (const loss of losses) {
    if (Number.isFinite(loss)) continue;
    const [first, last] = [examples[0]!.row, examples.at(-1)!.row];
    throw new TabTuneError(
      "non-finite-loss",
      `${first === last ? `Row ${first}` : `One of the rows ${first} to ${last}`} gave a loss of ${loss}.`,
      "Look for values that are not numbers in the weights of the model, and of the adapter where there is one; download them again.",
    );
  }
}
