import { expect, test } from "vitest";
import { Planner } from "../gpu/buffers.ts";
import { Recorder } from "../gpu/program.ts";
import type { FourBitWeight } from "../kernels/linear/weight.ts";
import { allocateActivations, KEEP } from "./activations.ts";
import type { LlavaConfig } from "./config.ts";
import { allocateGradients, layerBackward, layerForward } from "./llama.ts";
import { allocateAdapter } from "./lora.ts";

test("a LoRA block is 32 dispatches, forward and backward; none moves rows from one buffer to another", () => {
  const text = {
    hiddenSize: 64,
    intermediateSize: 96,
    numLayers: 1,
    numHeads: 4,
    numKvHeads: 2,
    headSize: 16,
    rmsNormEps: 1e-5,
    ropeTheta: 10000,
    maxPositions: 32,
  };
  const alloc = new Planner();
  const rows = 8;
  const tensor = (length = rows) => alloc.tensor("test", length);
  const weight = (out: number, inSize: number): FourBitWeight => ({
    format: "nf4",
    out,
    in: inSize,
    blockSize: 64,
    codes: tensor(),
    absmax: tensor(),
    absmaxFormat: "f16",
  });
  const weights = {
    inputNorm: tensor(),
    qkv: weight(128, 64),
    o: weight(64, 64),
    postNorm: tensor(),
    gateUp: weight(192, 64),
    down: weight(64, 96),
  };
  const config = { text } as LlavaConfig;
  const adapter = allocateAdapter(alloc, config, { rank: 4, alpha: 8, useRslora: false }, true).layers[0]!;
  const { layers, last } = allocateActivations(alloc, text, 4, rows, KEEP);
  const tokens = { starts: tensor(), ends: tensor(), positions: tensor(), ropeTable: tensor() };
  const r = new Recorder();
  layerForward(r, last, layers[0]!, weights, adapter, { text, tokens, rows });
  expect(r.specs).toHaveLength(13);
  layerBackward(r, allocateGradients(alloc, text, 4, rows), layers[0]!, weights, adapter, {
    text,
    tokens,
    rows,
    accumulate: 0,
    inputGradient: true,
  });
  expect(r.specs).toHaveLength(32);
  expect(r.specs.filter((s) => s.kernel.name.startsWith("copy"))).toEqual([]);
});
