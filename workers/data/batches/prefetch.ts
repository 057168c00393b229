/** Reads the examples of the next optimizer step while the GPU works on this one. */
import { TabTuneError } from "../../errors.ts";
import type { Example } from "../example.ts";
import type { Position, StepPlan } from "./sampler.ts";

export interface LoadedStep {
  microBatches: Example[][];
  next: Position;
}

export interface RowSource {
  /** Undefined for a row that cannot be used: its batch has one row fewer. */
  read(row: number): Promise<Example | undefined>;
  /** Rows that are read soon. */
  soon?(rows: number[]): void;
}

/**
 * A function that loads the step at a position and, once it has it, begins to read the one after. At most `rowsAhead` examples
 * are read ahead, and as many more rows are named as coming soon; the rest of a larger step is read when it is asked for. A failed read
 * surfaces from the call that needs it. A step none of whose rows can be used is passed over; throws "no-rows" when a whole epoch is.
 */
export function createPrefetch(
  plan: (position: Position) => StepPlan,
  { read, soon }: RowSource,
  rowsAhead = 64,
): (position: Position) => Promise<LoadedStep> {
  let ahead: { position: Position; examples: Promise<Example | undefined>[] } | undefined;

  function readAhead(position: Position): void {
    const { microBatches, next } = plan(position);
    const examples = microBatches.flat().slice(0, rowsAhead).map(read);
    // A rejection waits for the step that asks for the row; without a handler the platform would report it as lost.
    for (const example of examples) example.catch(() => undefined);
    ahead = { position, examples };
    soon?.(rowsFrom(plan, next, rowsAhead));
  }

  async function load(position: Position): Promise<LoadedStep> {
    const { microBatches, next } = plan(position);
    const ready = ahead !== undefined && same(ahead.position, position) ? ahead.examples : [];
    ahead = undefined;
    const examples = await Promise.all(microBatches.flat().map((row, k) => ready[k] ?? read(row)));
    readAhead(next);
    let at = 0;
    const usable = microBatches.map((rows) => rows.flatMap(() => examples[at++] ?? []));
    return { microBatches: usable.filter((rows) => rows.length > 0), next };
  }

  return async (position) => {
    let step = await load(position);
    while (step.microBatches.length === 0) {
      if (step.next.epoch > position.epoch + 1) {
        throw new TabTuneError(
          "no-rows",
          "None of the rows can be used.",
          "Look at the skipped rows, or choose other data.",
        );
      }
      step = await load(step.next);
    }
    return step;
  };
}

/** Rows of the steps from `position` on, `count` of them or as many as this epoch and the next have. */
function rowsFrom(plan: (position: Position) => StepPlan, position: Position, count: number): number[] {
  const rows: number[] = [];
  const last = position.epoch + 1;
  for (let at = position; rows.length < count && at.epoch <= last; ) {
    const { microBatches, next } = plan(at);
    rows.push(...microBatches.flat());
    at = next;
  }
  return rows.slice(0, count);
}

function same(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.index === b.index;
}
