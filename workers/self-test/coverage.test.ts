/** Nothing that training or chat dispatches is left out of the self-test. */

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Planner } from "../gpu/buffers.ts";
import { Recorder } from "../gpu/program.ts";
import { softwareVariants } from "../gpu/variants.ts";
import { forcedVariants } from "../kernels/select.ts";
import { KEEP } from "../models/activations.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { allocateDecode, recordDecode, recordPrefill } from "../models/chat-pass.ts";
import { type ConnectorConfig, featuresPerTile, type VlmConfig } from "../models/config.ts";
import { allocateInput, inputBackward, inputForward } from "../models/parts/connector-input.ts";
import { type LoraSettings, passDropout } from "../models/parts/lora.ts";
import { allocatePass, recordEvaluation, recordTraining } from "../models/pass.ts";
import { allocateVision, recordConnector, recordTower, recordVisionBackward } from "../models/vision.ts";
import { allocateWeights } from "../models/weights.ts";
import { openGolden, openGoldenModel, recipeWith } from "../testing/golden.ts";
import { testBench } from "../testing/gpu.ts";
import { recordClear, recordUpdate } from "../training/update.ts";
import { selfTestCases } from "./cases/index.ts";
import { kindOf } from "./cases/used.ts";

const bench = await testBench();
const folder = fileURLToPath(new URL("../kernels/", import.meta.url));
const here = fileURLToPath(new URL("./cases/", import.meta.url));

/** Both families of kernels. */
const families = [softwareVariants, forcedVariants("64x64", "gpu")];
const cases = families.flatMap((variants) => selfTestCases(variants, { text: 64, vision: 64 }));
const kernelsOf = (some: typeof cases) =>
  some.flatMap((c) => {
    const r = new Recorder(c.variants);
    c.record(r, bench.arena);
    return r.specs.map((s) => s.kernel);
  });
const tested = kernelsOf(cases);

const kernelFiles = fs.readdirSync(folder, { recursive: true, encoding: "utf8" });

test.each(kernelFiles.filter((name) => name.endsWith(".wgsl") && !name.includes("snapshots")))(
  "%s is in a case",
  (name) => {
    const text = fs.readFileSync(path.join(folder, name), "utf8");
    expect(tested.some(({ code }) => code.includes(text))).toBe(true);
  },
);

test("each op of kernels/ is called by a case", () => {
  const called = [here, folder]
    .flatMap((dir) => fs.readdirSync(dir, { recursive: true, encoding: "utf8" }).map((name) => path.join(dir, name)))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => fs.readFileSync(file, "utf8"));
  const ops = called.flatMap((text) =>
    [...text.matchAll(/^export function (\w+)<K extends string>\(\s*(?:r|recorder): Recorder<K>,/gm)].map((m) => m[1]!),
  );
  expect(ops.length).toBeGreaterThan(20);
  // Its own definition has type parameters before the bracket.
  const uses = (op: string): number =>
    called.reduce((n, t) => n + (t.match(new RegExp(`\\b${op}\\(`, "g")) ?? []).length, 0);
  expect(ops.filter((op) => uses(op) < 1)).toEqual([]);
});

/** What a connector does with its rows where it shuffles them into squares, as SmolVLM's. */
function recordShuffled(r: Recorder<never>, planner: Planner, connector: ConnectorConfig): void {
  const config = { ...connector, shuffle: 2, norm: undefined };
  const [rows, length] = [3, 3 * 4 * connector.inSize];
  const kept = allocateInput(planner, config, { rows, backward: true }, planner.tensor("order", rows * 4));
  const features = planner.tensor("features", length);
  const pass = { config, norm: undefined, kept, features, rows };
  inputForward(r, pass);
  inputBackward(r, { to: planner.tensor("dFeatures", length), adds: true }, pass).record();
}

/** Kinds of all kernels that the programs of training and chat dispatch, whatever is trained, kept and chosen. */
async function dispatchedKinds(): Promise<Set<string>> {
  const golden = await openGolden("llava-mha");
  const model = await openGoldenModel(golden, recipeWith(golden, "b"));
  const planner = new Planner();
  const { weights } = allocateWeights(planner, model.config, model.checkpoint.tensors, model.quant);
  weights.deepstack = [{ ...weights.connector, norm: weights.tower.layers[0]!.norm1 }];
  const between: ConnectorConfig = { ...model.config.connector, norm: { over: "rows", eps: 1e-6 } };
  for (const layer of weights.layers) layer.headNorms = { query: layer.inputNorm, key: layer.postNorm };
  const lora = { rank: 8, alpha: 16, useRslora: false, dropout: { rate: 0.1, seed: 1 } };
  const half = { precision: "f16", keptLayers: 1 } as const;
  const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };
  const whole: LoraSettings = { ...lora, targets: "all-linear" };
  const projector: LoraSettings = { ...lora, trainProjector: true };
  const programs = families.flatMap((variants) =>
    [whole, projector].flatMap((settings, n) => {
      const config: VlmConfig = {
        ...model.config,
        ...{ blends: true, deepstack: [{ layer: 0, connector: between }] },
        decoder: { ...model.config.decoder, qkNorm: true },
        tower: { ...model.config.tower, classToken: n === 0 ? "dropped" : "kept" },
      };
      const capacity = { rows: 64, labelRows: 64, features: featuresPerTile(config) };
      const adapter = allocateAdapter(planner, config, settings, {
        training: true,
        optim: n === 0 ? "adamw_torch" : "adamw_bnb_8bit",
      });
      const vision = allocateVision(planner, config, 1, { lora: settings, policy: KEEP });
      const pass = allocatePass(planner, config, weights, settings, { ...capacity, policy: KEEP });
      const halfPass = allocatePass(planner, config, weights, settings, { ...capacity, policy: half });
      const chat = allocatePass(planner, config, weights, settings, { ...capacity, policy: "chat" });
      const decode = allocateDecode(planner, 2);
      const facts = { config, weights, ropeTable: pass.ids, variants };
      const tower = new Recorder(variants);
      const visionPass = {
        ...{ config, weights, kept: vision, lora: adapter.vision, connector: adapter.connector, tiles: 1 },
        dropout: passDropout(settings, vision.tower.gradients?.dropped, { step: 0, first: 0 }),
      };
      recordTower(tower, visionPass, { tables: pass.deepstack, row: 0 });
      recordConnector(tower, pass.imageFeatures, 0, visionPass);
      recordVisionBackward(tower, pass.gradients!.dx, pass.dDeepstack, visionPass);
      const shuffled = new Recorder<never>(variants);
      recordShuffled(shuffled, planner, config.connector);
      return [
        tower,
        shuffled,
        recordTraining(facts, pass, adapter),
        recordTraining(facts, halfPass, adapter),
        recordEvaluation(facts, pass, adapter),
        recordClear(adapter),
        recordUpdate(adapter, optimizer, bench.arena.tensor("norm", 4), bench.arena),
        recordPrefill(facts, chat, decode, adapter),
        recordDecode(facts, chat, decode, adapter),
      ];
    }),
  );
  return new Set(programs.flatMap((r) => r.specs.map((s) => kindOf(s.kernel.name))));
}

test("each kernel that the programs of training and chat dispatch is in a case that can refuse, and no other is", async () => {
  const dispatched = await dispatchedKinds();
  expect(dispatched.size).toBeGreaterThan(40);
  const refusing = new Set(tested.map((k) => kindOf(k.name)));
  expect([...dispatched].filter((name) => !refusing.has(name))).toEqual([]);
  expect([...refusing].filter((name) => !dispatched.has(name))).toEqual([]);
});
