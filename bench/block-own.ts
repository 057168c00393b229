/** The block on our engine: NF4 weights, the very functions that training records. */

import type { Tensor } from "../workers/gpu/buffers.ts";
import { readBack, write } from "../workers/gpu/buffers.ts";
import { whole } from "../workers/gpu/pace.ts";
import type { FourBitWeight } from "../workers/kernels/linear/weight.ts";
import { copyRows } from "../workers/kernels/rows/copy.ts";
import { allocateActivations, KEEP } from "../workers/models/activations.ts";
import { allocateAdapter, moduleMatrices } from "../workers/models/adapter.ts";
import type { VlmConfig } from "../workers/models/config.ts";
import { allocateGradients, layerBackward, layerForward } from "../workers/models/parts/decoder.ts";
import { absmaxToF16 } from "../workers/weights/nf4/nf4.ts";
import { BLOCK_SIZE, type BlockOutputs, type BlockProblem, LORA_SCALE, type Projection } from "./block-problem.ts";
import type { Ready } from "./measure.ts";
import { type Bench, buildOwn, newArena } from "./own.ts";

export interface OwnBlock extends Ready {
  flops: number;
  /** Dispatches of the block, without the one that stands for the loss. */
  dispatches: number;
  outputs(): Promise<BlockOutputs>;
}

/** Parts one after the other, as one array. */
function concat<T extends Uint8Array | Float32Array>(parts: T[]): T {
  const first = parts[0]!;
  const all = new (first.constructor as new (n: number) => T)(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export async function ownBlock(bench: Bench, config: VlmConfig, p: BlockProblem): Promise<OwnBlock> {
  const { gpu } = bench;
  const { text, rows, rank } = p;
  const arena = newArena(bench);
  const fused = (label: string, names: Projection[]): FourBitWeight => {
    const parts = names.map((name) => p.linears[name]);
    return {
      format: "nf4",
      out: parts.reduce((sum, part) => sum + part.out, 0),
      in: parts[0]!.in,
      blockSize: BLOCK_SIZE,
      codes: arena.upload(label, concat(parts.map((part) => part.blocks.codes))),
      absmax: arena.upload(label, absmaxToF16(concat(parts.map((part) => part.blocks.absmax)))),
      absmaxFormat: "f16",
    };
  };
  const linear = (label: string, names: Projection[]) => ({ weight: fused(label, names), bias: undefined });
  const weights = {
    inputNorm: arena.upload("norm", p.norms[0]),
    postNorm: arena.upload("norm", p.norms[1]),
    linears: {
      qkv: linear("qkv", ["q_proj", "k_proj", "v_proj"]),
      o: linear("o", ["o_proj"]),
      gateUp: linear("gate_up", ["gate_proj", "up_proj"]),
      down: linear("down", ["down_proj"]),
    },
  };
  const adapter = allocateAdapter(
    arena,
    config,
    { rank, alpha: LORA_SCALE * rank, useRslora: false },
    { training: true },
  );
  const slab = new Float32Array(adapter.params[0]!.length);
  const projectionOf = (module: string): Projection => module.split(".").at(-1) as Projection;
  for (const m of adapter.modules) {
    const { loraA, loraB } = p.linears[projectionOf(m.module)];
    slab.set(loraA, m.aStart);
    slab.set(loraB, m.bStart);
  }
  write(gpu, adapter.params[0]!, slab);

  const { layers, last } = allocateActivations(arena, text, { rank, rows, policy: KEEP, cacheRows: rows });
  const activations = layers[0]!;
  const gradients = allocateGradients(arena, text, { rank, rows, dropout: false });
  write(gpu, activations.x, p.x);
  const dy = arena.upload("dy", p.dy);
  const perRow = (value: (row: number) => number): Tensor =>
    arena.upload(
      "tokens",
      Uint32Array.from({ length: rows }, (_, row) => value(row)),
    );
  const start = (row: number): number => row - (row % p.length);
  const tokens = {
    starts: perRow(start),
    ends: perRow((row) => start(row) + p.length),
    positions: perRow((row) => row % p.length),
    ropeTable: arena.upload("rope", p.ropeTable),
  };
  const program = await buildOwn(bench, arena, (r) => {
    const pass = { config: text, weights, kept: activations, lora: adapter.layers[0]!, tokens, rows };
    layerForward(r, last, pass);
    copyRows(r, { y: gradients.dx, x: dy, size: text.hiddenSize, rows });
    layerBackward(r, gradients, { ...pass, accumulate: 0, inputGradient: true, fresh: false });
  });
  return {
    flops: program.flops({}),
    dispatches: program.dispatches - 1,
    async run(times) {
      for (let n = 0; n < times; n++) await program.run({}, bench.pace, { budget: whole });
    },
    async outputs() {
      const [y, dx, slabs] = (await readBack(gpu, [last, gradients.dx, adapter.grads[0]!])) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const all = new Map([["x", dx]]);
      for (const m of adapter.modules) {
        const { loraA, loraB } = moduleMatrices(m, rank, [slabs]);
        all.set(`${projectionOf(m.module)}.A`, loraA);
        all.set(`${projectionOf(m.module)}.B`, loraB);
      }
      return { loss: y.reduce((sum, v, i) => sum + v * p.dy[i]!, 0), gradients: all };
    },
    dispose: () => arena.dispose(),
  };
}
