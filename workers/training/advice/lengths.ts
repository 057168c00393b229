/** How long a run is to be, in passes over its rows: what people choose from, and what is advised. */

/** "look": enough to see whether it learns. */
export const LENGTHS = ["look", "good", "thorough"] as const;
export type Length = (typeof LENGTHS)[number];

/** Passes over the rows: what Unsloth's guide and LLaVA's recipe take, and what few rows bear. */
export const USUAL_EPOCHS = 3;
export const MOST_EPOCHS = 10;
/** An adapter has hardly moved after fewer steps than that, and has usually learnt a voice after so many. */
export const FEW_STEPS = 30;
export const ENOUGH_STEPS = 100;

/** Few rows are seen more often than that, until there are enough steps; a thorough run still sees them more often. */
const EPOCHS_OF_FEW = { look: 2, good: 7 };
/** Many rows are not seen whole: nobody looks on for so long. */
const MOST_STEPS: Record<Length, number> = { look: 300, good: 3000, thorough: 10_000 };

/** Steps that are usual for rows that take `perEpoch` steps (1 or more) a pass. */
export const usualSteps = (perEpoch: number): number =>
  Math.max(USUAL_EPOCHS * perEpoch, Math.min(ENOUGH_STEPS, EPOCHS_OF_FEW.good * perEpoch));

/** Steps of a run of this length over rows that take `perEpoch` steps (1 or more) a pass; the longer length has more, whatever the rows. */
export function stepsFor(length: Length, perEpoch: number): number {
  const steps = {
    look: Math.max(perEpoch, Math.min(FEW_STEPS, EPOCHS_OF_FEW.look * perEpoch)),
    good: usualSteps(perEpoch),
    thorough: MOST_EPOCHS * perEpoch,
  };
  return Math.min(MOST_STEPS[length], steps[length]);
}
