/**
 * Which row of the position table a patch takes. Idefics3's tower was made for pictures of any shape: it sorts the place of a patch,
 * as a share of the side, into as many buckets as the table has rows a side. For a whole tile that should be the patch's own row, and
 * mostly is; in float32 a place may fall one bucket short (for 19, 25, 29 … patches a side).
 * transformers 5.18: models/idefics3/modeling_idefics3.py, Idefics3VisionEmbeddings.forward.
 */

/** Numbers that torch.arange computes at a time on AVX2: those of one such vector are steps from its first, rounded once more. */
const LANES = 8;

/** torch.arange(step, 1, step) in float32. */
function boundaries(step: number): number[] {
  const length = Math.ceil((1 - step) / step);
  return Array.from({ length }, (_, i) => {
    const lane = Math.floor(i / LANES) * LANES;
    const isVector = lane + LANES <= length;
    return Math.fround(isVector ? Math.fround(step + step * lane) + step * (i - lane) : step + step * i);
  });
}

/** The row of each patch's position in the table, of a tile of `side` patches a side; undefined where each has its own. */
export function positionRows(side: number): number[] | undefined {
  const limits = boundaries(1 / side);
  const step = Math.fround(1 / side);
  const buckets = Array.from({ length: side }, (_, i) => {
    const share = Math.min(Math.fround(i * step), Math.fround(1 - 1e-6));
    return limits.filter((limit) => limit <= share).length;
  });
  if (buckets.every((bucket, i) => bucket === i)) return undefined;
  return buckets.flatMap((y) => buckets.map((x) => y * side + x));
}
