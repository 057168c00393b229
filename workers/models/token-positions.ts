/**
 * Positions of tokens, for RoPE. Usually a token's place in its row. Where a token has three (M-RoPE: time, row and column), text advances
 * all of them; the tokens of a picture have the time at which it begins, and from there on their place in its grid; what follows it goes
 * on behind the larger side of the grid, not behind its tokens. transformers: Qwen3VLModel.get_rope_index.
 */
import type { Example } from "../data/example.ts";
import type { PictureFormat } from "../data/pictures/format.ts";
import { axesOf, type VlmConfig } from "./config.ts";

/** What decides how a model counts. */
export interface PositionFacts {
  config: Pick<VlmConfig, "decoder" | "imageTokenId">;
  pictures: Pick<PictureFormat, "grid">;
}

type PositionedRow = Pick<Example, "inputIds" | "images">;

/** Of rows laid end to end: [tokens, axes], and the position, on all axes, of a token behind the last row. */
export function tokenPositions(
  rows: readonly PositionedRow[],
  facts: PositionFacts,
): { positions: Uint32Array<ArrayBuffer>; next: number } {
  const axes = axesOf(facts.config.decoder);
  const tokens = rows.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
  const positions = new Uint32Array(tokens * axes);
  let at = 0;
  let next = 0;
  for (const row of rows) {
    const own = positions.subarray(at, at + row.inputIds.length * axes);
    next = axes === 1 ? countTokens(own) : countPlaces(own, row, facts);
    at += own.length;
  }
  return { positions, next };
}

function countTokens(positions: Uint32Array): number {
  for (let t = 0; t < positions.length; t++) positions[t] = t;
  return positions.length;
}

/** [tokens, 3] of one row. Throws where a picture's tokens are not those of its grid. */
function countPlaces(
  positions: Uint32Array,
  { inputIds, images }: PositionedRow,
  { config, pictures }: PositionFacts,
): number {
  let next = 0;
  let picture = 0;
  for (let t = 0; t < inputIds.length; ) {
    if (inputIds[t] !== config.imageTokenId) {
      positions.fill(next++, 3 * t, 3 * t + 3);
      t += 1;
      continue;
    }
    const image = images[picture++];
    const grid = image && pictures.grid?.(image);
    if (!grid || grid.rows * grid.columns !== image.tokens) {
      throw new Error(`picture ${picture} of a row has ${image?.tokens} image tokens, and no grid of as many places`);
    }
    for (let i = 0; i < image.tokens; i++) {
      const [row, column] = [Math.floor(i / grid.columns), i % grid.columns];
      positions.set([next, next + row, next + column], 3 * (t + i));
    }
    t += image.tokens;
    next += Math.max(grid.rows, grid.columns);
  }
  return next;
}
