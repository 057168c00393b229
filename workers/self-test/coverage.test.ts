/** Nothing that training or chat dispatches is left out of the self-test. */

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Planner } from "../gpu/buffers.ts";
import { Recorder } from "../gpu/program.ts";
import { registerVariants } from "../gpu/variants.ts";
import { forcedVariants } from "../kernels/select.ts";
import { KEEP } from "../models/activations.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { allocateDecode, recordDecode, recordPrefill } from "../models/chat-pass.ts";
import { featuresPerTile } from "../models/config.ts";
import { allocatePass, recordTraining } from "../models/pass.ts";
import { allocateVision, recordConnector, recordTower, recordVisionBackward } from "../models/vision.ts";

import { allocateWeights } from "../models/weights.ts";
import { openGolden, openGoldenModel, recipeWith } from "../testing/golden.ts";
import { testBench } from "../testing/gpu.ts";
import { selfTestCases } from "./cases/index.ts";

const bench = await testBench();
const folder = fileURLToPath(new URL("../kernels/", import.meta.url));
const here = fileURLToPath(new URL("./cases/", import.meta.url));

/** Kernels of all cases, of both families. */
const tested = [registerVariants, forcedVariants("64x64", "shared")].flatMap((variants) =>
  selfTestCases(variants, { text: 64, vision: 64 }).flatMap((c) => {
    const r = new Recorder(c.variants);
    c.record(r, bench.arena);
    return r.specs.map((s) => s.kernel);
  }),
);

const kernelFiles = fs.readdirSync(folder, { recursive: true, encoding: "utf8" });

test.each(kernelFiles.filter((name) => name.endsWith(".wgsl")))("%s is in a case", (name) => {
  const text = fs.readFileSync(path.join(folder, name), "utf8");
  expect(tested.some(({ code }) => code.includes(text))).toBe(true);
});

test("each op of kernels/ is called by a case", () => {
  const called = [here, folder]
    .flatMap((dir) => fs.readdirSync(dir, { recursive: true, encoding: "utf8" }).map((name) => path.join(dir, name)))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => fs.readFileSync(file, "utf8"));
  const ops = called.flatMap((text) =>
    [...text.matchAll(/^export function (\w+)\(\s*(?:r|recorder): Recorder, \w+: (?!Arena)/gm)].map((m) => m[1]!),
  );
  expect(ops.length).toBeGreaterThan(20);
  // Its own definition, and a call.
  const uses = (op: string): number =>
    called.reduce((n, t) => n + (t.match(new RegExp(`\\b${op}\\(`, "g")) ?? []).length, 0);
  expect(ops.filter((op) => uses(op) < 2)).toEqual([]);
});

/** A linear kernel by direction, kind of weight and tile: LoRA, bias and residual are parts that the cases mix otherwise. */
const kind = (name: string): string =>
  name
    .replace(/ (lora|bias|residual)\b/g, (part) => (name.startsWith("linear") ? "" : part))
    .replace(/\b(f32|f16|bf16)\b(?! narrow)/, "dense");

test("each kernel that the programs of training and chat dispatch is in a case", async () => {
  const golden = await openGolden("llava-mha");
  const model = await openGoldenModel(golden, recipeWith(golden, "b"));
  const { config } = model;
  const planner = new Planner();
  const settings = {
    rank: 8,
    alpha: 16,
    useRslora: false,
    dropout: { rate: 0.1, seed: 1 },
    targets: "all-linear",
  } as const;
  const { weights } = allocateWeights(planner, config, model.checkpoint.tensors, model.quant);
  const adapter = allocateAdapter(planner, config, settings, { training: true });
  const capacity = { rows: 64, labelRows: 64, features: featuresPerTile(config) };
  const pass = allocatePass(planner, config, weights, settings, { ...capacity, policy: KEEP });
  const half = allocatePass(planner, config, weights, settings, {
    ...capacity,
    policy: { precision: "f16", keptLayers: 1 },
  });
  const chat = allocatePass(planner, config, weights, settings, { ...capacity, policy: "chat" });
  const decode = allocateDecode(planner, 2);
  const vision = allocateVision(planner, config, 1, { lora: settings, policy: KEEP });
  const facts = { config, weights, ropeTable: pass.ids, variants: registerVariants };
  const tower = new Recorder();
  const { vision: lora, connector } = adapter;
  const visionPass = { config, weights, kept: vision, lora, connector, tiles: 1 };
  recordTower(tower, visionPass);
  recordConnector(tower, pass.imageFeatures, 0, visionPass);
  recordVisionBackward(tower, pass.gradients!.dx, visionPass);
  const programs = [
    recordTraining(facts, pass, adapter),
    recordTraining(facts, half, adapter),
    recordPrefill(facts, chat, decode, adapter),
    recordDecode(facts, chat, decode, adapter),
    tower,
  ];
  const dispatched = new Set(programs.flatMap((r) => r.specs.map((s) => kind(s.kernel.name))));
  expect(dispatched.size).toBeGreaterThan(20);
  const known = new Set(tested.map((k) => kind(k.name)));
  expect([...dispatched].filter((name) => !known.has(name))).toEqual([]);
});
