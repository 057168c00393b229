import { philox, Stream } from "../../random/philox.ts";

/** The mask of one element, times 1 / (1 - rate), as `dropout` has it. `size` columns a row. */
export function dropoutFactor(
  { rate, seed, site, step }: { rate: number; seed: number; site: number; step: number },
  size: number,
  row: number,
  column: number,
): number {
  const element = row * size + column;
  const draw = philox([Math.floor(element / 4), site, step, 0], [seed, Stream.dropout])[element % 4]!;
  return draw < Math.floor(rate * 2 ** 32) ? 0 : 1 / (1 - rate);
}
