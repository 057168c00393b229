/** The LoRA Llama block, forward and backward: ours on NF4 weights, the peers doing the same maths on dense f32. */
import type { VlmConfig } from "../workers/models/config.ts";
import { jaxBlock } from "./block-jax.ts";
import { type OwnBlock, ownBlock } from "./block-own.ts";
import { BLOCK_SIZE, type BlockCase, type BlockOutputs, blockProblem, shapes } from "./block-problem.ts";
import { tfjsBlock } from "./block-tfjs.ts";
import { compare, type Ready, type Rules, relativeError } from "./measure.ts";
import type { Bench } from "./own.ts";
import { type Comparison, OURS } from "./results.ts";

/** The largest relative difference among all gradients and the loss. */
function difference(actual: BlockOutputs, expected: BlockOutputs, lossScale: number): number {
  const off = [...expected.gradients].map(([name, want]) => {
    const got = actual.gradients.get(name);
    if (!got) throw new Error(`no gradient of ${name}`);
    return relativeError(got, want);
  });
  const loss = Math.abs(actual.loss - expected.loss) / lossScale;
  // Math.max gives NaN for a NaN, which fails.
  return Math.max(loss, ...off);
}

const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));

export async function compareBlock(
  bench: Bench,
  config: VlmConfig,
  c: BlockCase,
  rules: Rules,
): Promise<{ comparison: Comparison; dispatches: number }> {
  const p = blockProblem(c);
  let ours: OwnBlock | undefined;
  let expected: BlockOutputs | undefined;
  // The loss is a sum of terms of both signs: it is held against the size of what is summed.
  const lossScale = norm(p.x) * norm(p.dy);
  const checked = (peer: Ready & { outputs(): Promise<BlockOutputs> }): Ready => ({
    ...peer,
    async error() {
      expected ??= await ours!.outputs();
      return difference(await peer.outputs(), expected, lossScale);
    },
  });
  const result = await compare(
    [
      {
        name: OURS,
        async prepare() {
          ours = await ownBlock(bench, { ...config, decoder: c.text }, p);
          return ours;
        },
      },
      { name: "jax-js", prepare: async () => checked(await jaxBlock(p)) },
      { name: "tfjs", prepare: async () => checked(await tfjsBlock(p)) },
    ],
    rules,
  );
  const { hiddenSize, intermediateSize, numHeads, headSize } = c.text;
  const parameters = Object.values(shapes(c.text)).reduce((sum, [i, o]) => sum + i * o, 0);
  return {
    dispatches: ours!.dispatches,
    comparison: {
      section: "LoRA block",
      label: `${c.sequences} × ${c.length} tokens, hidden ${hiddenSize}, MLP ${intermediateSize}, ${numHeads} heads of ${headSize}, r ${c.rank}`,
      flops: ours!.flops,
      weightBytes: parameters * (1 / 2 + 2 / BLOCK_SIZE),
      ...result,
    },
  };
}
