/** One layer of a language model with LoRA, forward and backward, by the very functions that training records. */
import { type Tensor, write } from "../gpu/buffers.ts";
import type { Recorder } from "../gpu/program.ts";
import { copyRows } from "../kernels/rows/copy.ts";
import { selectVariants } from "../kernels/select.ts";
import { allocateActivations, KEEP } from "../models/activations.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { allocateGradients, layerBackward, layerForward } from "../models/parts/decoder.ts";
import type { Context } from "./parts.ts";
import { randomFill } from "./random-fill.ts";
import { fillNow, randomModel } from "./random-model.ts";
import type { BlockCase } from "./sizes.ts";
import { flopShare, timed, withArena } from "./timing.ts";

/** Times it into `found.blocks`, with the kernels that the rule picks. */
export async function measureBlock(c: Context, b: BlockCase): Promise<void> {
  const { name, config, rank, sequences, length } = b;
  const rows = sequences * length;
  const model = await randomModel(c.gpu, b);
  try {
    await withArena(c, async (arena) => {
      const { decoder } = config;
      const adapter = allocateAdapter(arena, config, { rank, alpha: rank, useRslora: false }, { training: true });
      const { layers, last } = allocateActivations(arena, decoder, { rank, rows, policy: KEEP, cacheRows: rows });
      const gradients = allocateGradients(arena, decoder, { rank, rows, dropout: false });
      const dy = arena.tensor("dy", rows * decoder.hiddenSize);
      await fillNow(c.gpu, c.pipelines, (r) => {
        randomFill(r, adapter.params[0]!, { kind: "f32", seed: 5, scale: 0.02 });
        randomFill(r, layers[0]!.x, { kind: "f32", seed: 6 });
        randomFill(r, dy, { kind: "f32", seed: 7 });
      });
      const perRow = (value: (row: number) => number): Tensor => {
        const tensor = arena.tensor("tokens", rows);
        write(
          c.gpu,
          tensor,
          Uint32Array.from({ length: rows }, (_, row) => value(row)),
        );
        return tensor;
      };
      const start = (row: number): number => row - (row % length);
      const tokens = {
        starts: perRow(start),
        ends: perRow((row) => start(row) + length),
        positions: perRow((row) => row % length),
        ropeTable: model.ropeTable,
      };
      const record = (r: Recorder): void => {
        const pass = {
          ...{ config: decoder, weights: model.weights.layers[0]!, kept: layers[0]! },
          ...{ lora: adapter.layers[0]!, tokens, rows },
        };
        layerForward(r, last, pass);
        copyRows(r, { y: gradients.dx, x: dy, size: decoder.hiddenSize, rows });
        layerBackward(r, gradients, { ...pass, accumulate: 0, inputGradient: true, fresh: false });
      };
      const [run] = await timed(c, arena, [selectVariants(c.gpu.facts)], record);
      const { time, flops, dispatches } = run!;
      const share = flopShare(c.found, flops, time.median);
      c.found.blocks.push({ name, tokens: rows, dispatches, flops, time, share });
      c.say(
        `LoRA block of ${name}: ${time.median.toPrecision(3)} ms${share === null ? "" : `, ${(100 * share).toFixed(0)} % of peak`}`,
      );
    });
  } finally {
    model.arena.dispose();
  }
}
