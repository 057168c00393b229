/** Reads the examples of the next optimizer step while the GPU works on this one. */
import type { Example } from "../example.ts";
import type { Position, StepPlan } from "./sampler.ts";

export interface LoadedStep {
  microBatches: Example[][];
  next: Position;
}

/**
 * A function that loads the step at a position and, once it has it, begins to read the one after. At most `rowsAhead` examples
 * are read ahead; the rest of a larger step is read when it is asked for. A failed read surfaces from the call that needs it.
 */
export function createPrefetch(
  plan: (position: Position) => StepPlan,
  read: (row: number) => Promise<Example>,
  rowsAhead = 64,
): (position: Position) => Promise<LoadedStep> {
  let ahead: { position: Position; examples: Promise<Example>[] } | undefined;
  return async (position) => {
    const { microBatches, next } = plan(position);
    const wanted = microBatches.flat();
    const ready = ahead !== undefined && same(ahead.position, position) ? ahead.examples : [];
    ahead = undefined;
    const examples = await Promise.all(wanted.map((row, k) => ready[k] ?? read(row)));

    const coming = plan(next).microBatches.flat().slice(0, rowsAhead).map(read);
    // A rejection waits for the step that asks for the row; without a handler the platform would report it as lost.
    for (const example of coming) example.catch(() => undefined);
    ahead = { position: next, examples: coming };

    let at = 0;
    return { microBatches: microBatches.map((rows) => rows.map(() => examples[at++]!)), next };
  };
}

function same(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.index === b.index;
}
