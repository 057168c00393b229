/** The figures that the project is held to, and what they mean for a user: the projected time of the seed report's run. */
import { RECOMPUTE } from "../workers/models/activations.ts";
import { stepFlops } from "../workers/models/memory-plan.ts";
import { type Comparison, type Goal, OURS, OURS_DX, type Projection, type Section, speedup } from "./results.ts";
import { tinyLlava } from "./sizes.ts";

/** The seed report's recipe: 8 rows of about 700 tokens, 124 of them targets; r 64. */
const recipe = { rows: 8, tokensPerRow: 700, labelsPerRow: 124, rank: 64, vocab: 32064, steps: 500 };

/** The least favourable of a section's comparisons. */
function worst(comparisons: Comparison[], section: Section, name: string, other: string): number | undefined {
  const all = comparisons.filter((c) => c.section === section).map((c) => speedup(c, name, other));
  const known = all.filter((v) => v !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

export function goals(comparisons: Comparison[], blockDispatches: number): Goal[] {
  const block = comparisons.find((c) => c.section === "LoRA block")?.sides.find((s) => s.name === OURS)?.calls;
  const rows: [string, number | undefined, number, Goal["bound"]][] = [
    [
      "NF4 forward against onnxruntime-web MatMulBnb4",
      worst(comparisons, "NF4 linear", OURS, "onnxruntime-web MatMulBnb4"),
      6,
      "at least",
    ],
    ["NF4 dX against our forward", worst(comparisons, "NF4 linear", OURS_DX, OURS), 0.9, "at least"],
    ["dense f32 product against jax-js", worst(comparisons, "dense linear", OURS, "jax-js"), 1.3, "at least"],
    ["LoRA block against jax-js (jit)", worst(comparisons, "LoRA block", OURS, "jax-js"), 2, "at least"],
    ["LoRA block against tfjs", worst(comparisons, "LoRA block", OURS, "tfjs"), 5, "at least"],
    ["dispatches of a LoRA block, forward and backward", blockDispatches, 38, "at most"],
    ["buffers created in a steady run", block?.buffersCreated, 0, "at most"],
    ["bind groups created in a steady run", block?.bindGroupsCreated, 0, "at most"],
  ];
  return rows.flatMap(([figure, value, goal, bound]) =>
    value === undefined
      ? []
      : [{ figure, value, goal, bound, met: bound === "at least" ? value >= goal : value <= goal }],
  );
}

/** Average of a section's speeds of one side, each weighed by its work. */
export function sustained(
  comparisons: Comparison[],
  section: Section,
  name: string,
  work: "flops" | "weightBytes",
): number {
  let done = 0;
  let seconds = 0;
  for (const c of comparisons) {
    const side = c.section === section && c.sides.find((s) => s.name === name);
    if (!side) continue;
    done += c[work];
    seconds += side.ms / 1000;
  }
  return done / seconds;
}

/** A whole step runs at the speed of the block, which is where nine tenths of its work are. */
export function projection(comparisons: Comparison[]): Projection {
  const { rows, tokensPerRow, labelsPerRow, rank, vocab, steps } = recipe;
  const tokens = rows * tokensPerRow;
  const { executed } = stepFlops(tinyLlava, {
    vocab,
    rank,
    rows: tokens,
    labelRows: rows * labelsPerRow,
    tiles: rows,
    tokensPerRow,
    policy: RECOMPUTE,
  });
  const secondsPerStep = executed / sustained(comparisons, "LoRA block", OURS, "flops");
  const layer = comparisons
    .filter((c) => c.section === "decode")
    .flatMap((c) => c.sides.filter((s) => s.name === OURS));
  const decodeMs = tinyLlava.decoder.numLayers * layer.reduce((sum, s) => sum + s.ms, 0);
  return {
    model: `tiny-llava, batch ${rows}, ${tokensPerRow} tokens a row, r ${rank}`,
    flopsPerStep: executed,
    secondsPerStep,
    hoursOf500Steps: (secondsPerStep * steps) / 3600,
    trainTokensPerSecond: tokens / secondsPerStep,
    decodeTokensPerSecond: 1000 / decodeMs,
  };
}
