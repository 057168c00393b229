/** A few hundred damaged inputs of every kind, as scripts/fuzz.mjs reads them by the thousand. */
import { expect, test } from "vitest";
import { BOX_KINDS } from "./box-drops.ts";
import { soundThings, THINGS } from "./boxes.ts";
import { judge, KINDS } from "./kinds.ts";

const COUNT = 200;
/** Their numbers are also found by `npm run fuzz -- --kind KIND --seed SEED --only NUMBER`. */
const SEED = 1;

test.each(KINDS)(
  `${COUNT} damaged inputs of %s: none is silently wrong, none hangs, every refusal is a sentence`,
  async (kind) => {
    const outcomes = new Map<string, number>();
    for (let n = 0; n < COUNT; n++) {
      const began = performance.now();
      const { fault, outcome, how } = await judge(kind, n, SEED);
      expect(fault, `${kind} ${n}: ${how}`).toBeUndefined();
      expect(performance.now() - began, `${kind} ${n}: ${how}`).toBeLessThan(15_000);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    // Damage that nobody meets, or that all is refused for, would find nothing.
    const refused = outcomes.get("refused") ?? 0;
    expect(COUNT - refused).toBeGreaterThan(COUNT / 50);
    expect(COUNT - (outcomes.get("read as before") ?? 0)).toBeGreaterThan(COUNT / 10);
  },
);

test.each(BOX_KINDS)("a sound drop of %s gives every box, and each is known again where it stands", async (kind) => {
  expect(await soundThings(kind)).toBe(THINGS);
});
