import { beforeAll, describe, expect, test } from "vitest";
import { type Golden, openGolden, openGoldenModel, recipeWith } from "../testing/golden.ts";
import { type ActivationPolicy, KEEP, RECOMPUTE } from "./activations.ts";
import { type PlanRequest, planMemory, stepFlops } from "./memory-plan.ts";
import type { OpenedModel } from "./open.ts";

let golden: Golden;
let model: OpenedModel;
const lora = { rank: 8, alpha: 16, useRslora: false };

beforeAll(async () => {
  golden = await openGolden("llava-mha");
  model = await openGoldenModel(golden, recipeWith(golden, "b"));
});

const request = (changes: Partial<PlanRequest> = {}): PlanRequest => ({
  config: model.config,
  tensors: model.checkpoint.tensors,
  quant: model.quant,
  lora,
  batchSize: 4,
  accumulation: 1,
  longest: 100,
  tilesPerRow: 1,
  ...changes,
});
const plan = (changes: Partial<PlanRequest> = {}) => planMemory(request(changes));
const bytesOf = (p: ReturnType<typeof plan>, name: string): number =>
  p.groups.filter((g) => g.name.startsWith(name)).reduce((sum, g) => sum + g.bytes, 0);

describe("a plan", () => {
  test("adds up", () => {
    const p = plan();
    expect(p.groups.reduce((sum, g) => sum + g.bytes, 0)).toBe(p.totalBytes);
    expect(p.groups.every((g) => g.bytes > 0)).toBe(true);
  });

  test("counts LoRA's parameters: r (in + out) of seven projections a layer", () => {
    const { hiddenSize: h, intermediateSize: f, numLayers } = model.config.decoder;
    expect(plan().trainableParameters).toBe(numLayers * 8 * (4 * 2 * h + 3 * (h + f)));
    expect(plan({ lora: { ...lora, rank: 16 } }).trainableParameters).toBe(2 * plan().trainableParameters);
  });

  test("a checkpoint holds weights and both moments", () => {
    const p = plan();
    expect(p.checkpointBytes).toBeGreaterThanOrEqual(3 * 4 * p.trainableParameters);
    expect(p.checkpointBytes).toBeLessThan(1.2 * 3 * 4 * p.trainableParameters);
  });

  test("4-bit weights take less room than those of the checkpoint", () => {
    const dense = bytesOf(plan({ quant: undefined }), "weights");
    const quantised = bytesOf(plan(), "weights");
    expect(quantised).toBeLessThan(dense);
  });

  test("takes the whole batch in one pass while it is small, and never less than the longest row", () => {
    expect(plan().capacity.rows).toBe(400);
    expect(plan({ batchSize: 1000 }).capacity.rows).toBeLessThan(100_000);
    expect(plan({ batchSize: 1000, longest: 3000 }).capacity.rows).toBe(3000);
  });

  test("recomputes what does not fit rather than keeping it, at the price of more work", () => {
    const kept = plan({ policy: KEEP });
    const recomputed = plan({ policy: RECOMPUTE });
    expect(plan().capacity.policy).toEqual(KEEP);
    expect(recomputed.totalBytes).toBeLessThan(kept.totalBytes);
    expect(recomputed.dispatchesPerStep).toBeGreaterThan(kept.dispatchesPerStep);
  });
});

test("FLOPs grow with rows, and recomputation adds a forward pass", () => {
  const flops = (rows: number, policy: ActivationPolicy) =>
    stepFlops(model.config, { vocab: 1536, rank: 8, rows, labelRows: rows / 2, tiles: 0, tokensPerRow: 100, policy });
  const once = flops(100, KEEP);
  expect(once.executed).toBe(once.ideal);
  expect(flops(200, KEEP).ideal).toBeCloseTo(2 * once.ideal, 0);
  const again = flops(100, RECOMPUTE);
  expect(again.ideal).toBe(once.ideal);
  expect(again.executed).toBeGreaterThan(1.2 * again.ideal);
  expect(again.executed).toBeLessThan(1.5 * again.ideal);
});
