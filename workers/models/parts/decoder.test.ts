import { expect, test } from "vitest";
import { Planner } from "../../gpu/buffers.ts";
import { Recorder } from "../../gpu/program.ts";
import type { FourBitWeight } from "../../kernels/linear/weight.ts";
import { allocateActivations, KEEP } from "../activations.ts";
import { allocateAdapter } from "../adapter.ts";
import type { DecoderConfig } from "../config.ts";
import { configOf } from "../published.ts";
import { allocateGradients, layerBackward, layerForward } from "./decoder.ts";

test("a LoRA block is 32 dispatches, forward and backward; none moves rows from one buffer to another", () => {
  const config: DecoderConfig = {
    hiddenSize: 64,
    intermediateSize: 96,
    numLayers: 1,
    numHeads: 4,
    numKvHeads: 2,
    headSize: 16,
    rmsNormEps: 1e-5,
    ropeTheta: 10000,
    ...{ qkvBias: false, qkNorm: false, ropeAxes: undefined },
    maxPositions: 32,
    tiedHead: false,
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
  const linear = (out: number, inSize: number) => ({ weight: weight(out, inSize), bias: undefined });
  const weights = {
    inputNorm: tensor(),
    postNorm: tensor(),
    linears: { qkv: linear(128, 64), o: linear(64, 64), gateUp: linear(192, 64), down: linear(64, 96) },
  };
  const whole = { ...configOf("bczhou/tiny-llava-v1-hf"), decoder: config };
  const lora = allocateAdapter(alloc, whole, { rank: 4, alpha: 8, useRslora: false }, { training: true }).layers[0]!;
  const { layers, last } = allocateActivations(alloc, config, { rank: 4, rows, policy: KEEP, cacheRows: rows });
  const tokens = { starts: tensor(), ends: tensor(), positions: tensor(), ropeTable: tensor() };
  const pass = { config, weights, kept: layers[0]!, lora, tokens, rows };
  const r = new Recorder();
  layerForward(r, last, pass);
  expect(r.specs).toHaveLength(13);
  const gradients = allocateGradients(alloc, config, { rank: 4, rows, dropout: false });
  layerBackward(r, gradients, { ...pass, accumulate: 0, inputGradient: true, fresh: false });
  expect(r.specs).toHaveLength(32);
  expect(r.specs.filter((s) => s.kernel.name.startsWith("copy"))).toEqual([]);
});
