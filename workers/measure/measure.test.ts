/** What goes wrong on an adapter is in the file, and the rest goes on. */

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Gpu, openGpu } from "../gpu/device.ts";
import { nodeGpu } from "../gpu/node.ts";
import { softwareVariants } from "../gpu/variants.ts";
import { parseConfig } from "../models/registry.ts";

import { selfTestCases } from "../self-test/cases/index.ts";
import { runCases } from "../self-test/run-cases.ts";
import { tryLimits } from "./facts.ts";
import { type MeasureOptions, measure, partsOf } from "./measure.ts";
import type { Context, PartToRun } from "./parts.ts";
import { measurePeak } from "./peak.ts";
import { measureProduct } from "./products.ts";
import { parseMeasurement, spreadOf, textOf } from "./report.ts";
import { failedVariants } from "./self-test.ts";
import { demo, type Sizes, sizesFor } from "./sizes.ts";

const api = await nodeGpu();
const tiny: Sizes = {
  ...sizesFor(true, true),
  rounds: 2,
  peak: { workgroups: 16, loops: 64, copyBytes: 65536 },
  tiles: ["32x32"],
  limitBytes: 4096,
  models: [{ ...demo, batchSize: 1, text: 4, answer: 5 }],
};
const part = (name: string, run: PartToRun["run"], seconds = 30): PartToRun => ({ name, run, seconds });
const run = (parts: PartToRun[], options: Partial<MeasureOptions> = {}) =>
  measure(api, { quick: true, host: "a test", sizes: tiny, parts, ...options });
const statuses = (found: { parts: { name: string; status: string }[] }) =>
  found.parts.map((p) => `${p.name}: ${p.status}`);
const peaks = part("peaks", measurePeak);

test("everything but the self-test, with tiny sizes: valid, complete, planned bytes are those that are taken", async () => {
  const written: string[] = [];
  const parts = partsOf(tiny).filter(({ name }) => !["self-test", "optional kernels"].includes(name));
  const found = await run(parts, { onPart: (sofar) => void written.push(textOf(sofar)) });
  expect(found.parts.filter(({ status }) => status !== "done")).toEqual([]);
  expect(found.complete).toBe(true);
  // Whole after each part, and only the last is complete.
  const read = written.map((text) => parseMeasurement(JSON.parse(text)));
  expect(read.map((r) => r.parts.length)).toEqual(parts.map((_, n) => n + 1));
  expect(read.map((r) => r.complete)).toEqual(parts.map((_, n) => n === parts.length - 1));
  expect(found.adapter.limits.maxBufferSize).toBeGreaterThan(0);
  expect(found.limits.map(({ held }) => held)).toEqual([true, true, true]);
  expect(found.products.map((p) => p.direction).sort()).toEqual(
    ["LoRA gradients", "dX", "dX", "forward", "forward", "one row", "one row", "weight gradient"].sort(),
  );
  const forward = found.products.find((p) => p.format === "nf4" && p.direction === "forward")!;
  expect(forward.variants.map((v) => v.name)).toEqual(["software", "32x32"]);
  expect(forward).toMatchObject({ selected: "software", flops: 2 * 64 * 192 * 128 });
  expect(found.attention.map((a) => a.variant)).toEqual(["software", "gpu"]);
  expect(found.blocks[0]!.dispatches).toBeGreaterThan(30);
  const [model] = found.models;
  expect(model!.allocatedBytes / model!.plannedBytes).toBeCloseTo(1, 2);
  expect(model!.step!.tokens).toBe(36 + 4);
  // A vocabulary of 2048 that the random model knows nothing of.
  expect(model!.step!.loss).toBeCloseTo(Math.log(2048), -0.3);
  expect(model!.step!.gradNorm).toBeGreaterThan(0);
  expect(model!.step!.kernels.by).toBe("timestamps");
  expect(model!.decoding!.tokensPerSecond).toBeGreaterThan(0);
  // Compiles tiles and a whole model: half a minute, and more on a busy machine.
}, 300_000);

test("a part that throws is recorded with its words, what it had found stays, and the rest goes on", async () => {
  const broken = part("broken", async (c) => {
    await measurePeak(c);
    throw new Error("the card is on fire");
  });
  const found = await run([broken, part("after", async () => {})]);
  expect(statuses(found)).toEqual(["broken: failed", "after: done"]);
  expect(found.parts[0]!.message).toBe("the card is on fire");
  expect(found.peak.copy).not.toBeNull();
  expect(found.complete).toBe(false);
  parseMeasurement(found);
});

test("what the GPU refuses fails the part that asked for it, and no later one", async () => {
  const refused = part("refused", async (c) => {
    c.gpu.device.createBuffer({ size: 2 ** 45, usage: GPUBufferUsage.STORAGE });
  });
  const found = await run([refused, peaks]);
  expect(statuses(found)).toEqual(["refused: failed", "peaks: done"]);
  expect(found.parts[0]!.message).toMatch(/^The GPU refused an operation: /);
});

test("a device that is lost in the middle is reported; the rest runs on a new one, or not where none is given", async () => {
  const lose = part("lose", async (c) => {
    c.gpu.destroy();
    await measurePeak(c);
  });
  const found = await run([lose, peaks]);
  expect(statuses(found)).toEqual(["lose: failed", "peaks: done"]);
  expect(found.parts[0]!.message).toMatch(/lost/);
  expect(found.complete).toBe(false);

  const first = await openGpu(api);
  const given = [first];
  const open = async (): Promise<Gpu> => {
    const gpu = given.pop();
    if (gpu) return gpu;
    throw new Error("the driver gives no device any more");
  };
  const alone = await run([peaks, lose, part("after", async () => {})], { open });
  expect(statuses(alone)).toEqual(["peaks: done", "lose: failed", "after: not run"]);
  expect(alone.parts[2]!.message).toMatch(/no other was given: the driver gives no device any more/);
  expect(alone.peak.f32).not.toBeNull();
  parseMeasurement(alone);
});

test("devices that are lost again and again are not asked for without end", async () => {
  const lose = part("lose", async (c) => c.gpu.destroy());
  const found = await run([lose, lose, lose, lose]);
  expect(statuses(found).slice(2)).toEqual(["lose: done", "lose: not run"]);
  expect(found.parts[3]!.message).toBe("The device was lost 3 times.");
});

test("an op that is wrong fails the self-test by name, and its kernel is not timed", async () => {
  const wrong = part("self-test", async (c) => {
    const [linear] = selfTestCases(softwareVariants, { text: 20, vision: 12 });
    const results = await runCases(c.gpu, c.pipelines, [
      {
        ...linear!,
        record: (r, arena) =>
          linear!.record(r, arena).map((o) => ({ ...o, expected: Array.from(o.expected, (v) => 2 * v) })),
      },
    ]);
    c.found.selfTest.results.push(...results);
    throw new Error(`${results[0]!.op} is wrong`);
  });
  const products = partsOf(tiny).find(({ name }) => name.startsWith("products"))!;
  const found = await run([wrong, products]);
  expect(statuses(found)).toEqual(["self-test: failed", `${products.name}: done`]);
  expect(found.complete).toBe(false);
  expect(failedVariants(found.selfTest.results)).toEqual(["software"]);
  const names = found.products.filter((p) => p.direction === "forward").flatMap((p) => p.variants.map((v) => v.name));
  expect(names).toEqual(["32x32", "32x32"]);
});

test("on a card, what selection and autotune take is beside the fastest", async () => {
  const open = async (): Promise<Gpu> => {
    const gpu = await openGpu(api);
    Object.assign(gpu.facts, { software: false });
    return gpu;
  };
  const [first] = tiny.products;
  const found = await run([part("products", (c) => measureProduct(c, first!))], { open });
  expect(statuses(found)).toEqual(["products: done"]);
  const chosen = found.products.map((p) => [p.direction, p.selected, p.tuned]);
  // A rule takes tiles that were not timed here; the tuner had one tile to take, and the one-row kernels that fit.
  expect(chosen).toEqual([
    ["forward", "32x32", "32x32"],
    ["dX", "32x32", "32x32"],
    ["one row", "workgroup", expect.stringMatching(/^(workgroup|subgroup)$/)],
    ["LoRA gradients", null, null],
  ]);
});

test("an adapter that lies about a limit is found out, and measured all the same", async () => {
  const open = async (): Promise<Gpu> => {
    const gpu = await openGpu(api);
    Object.assign(gpu.facts, { maxComputeWorkgroupStorageSize: 2 ** 20 });
    return gpu;
  };
  const found = await run([part("limits", tryLimits), peaks], { open });
  expect(statuses(found)).toEqual(["limits: failed", "peaks: done"]);
  expect(found.parts[0]!.message).toMatch(/maxComputeWorkgroupStorageSize does not hold/);
  expect(found.limits.map(({ name, held }) => [name, held])).toEqual([
    ["maxStorageBufferBindingSize", true],
    ["maxComputeInvocationsPerWorkgroup", true],
    ["maxComputeWorkgroupStorageSize", false],
  ]);
});

test("a part that is too slow is cut off by its time, and says so; one that never comes back ends the run", async () => {
  const slow = part(
    "slow",
    async (c: Context) => {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        c.check();
      }
    },
    0.02,
  );
  const stuck = part("stuck", () => new Promise(() => {}), 0.01);
  const found = await run([slow, peaks, stuck, part("after", async () => {})], { graceSeconds: 0.05 });
  expect(statuses(found)).toEqual(["slow: cut off", "peaks: done", "stuck: cut off", "after: not run"]);
  expect(found.parts[0]!.message).toMatch(/^its 0.02 s were used up/);
  expect(found.parts[1]!.message).toBe("");
  expect(found.parts[2]!.message).toMatch(/did not come back/);
  expect(found.complete).toBe(false);
  parseMeasurement(found);
});

test("models that are too large for the processor are left out by rule, with the reason, and do not spoil the file", async () => {
  const models = sizesFor(true, true).models.slice(1);
  const found = await run(partsOf({ ...tiny, models }).slice(-models.length));
  expect(found.parts.map(({ status }) => status)).toEqual(models.map(() => "skipped"));
  expect(found.parts.every(({ message }) => message.startsWith("a software adapter"))).toBe(true);
  expect(found.complete).toBe(true);
});

test("a model that the adapter cannot bind is left out with the bytes that it needs", async () => {
  const open = async (): Promise<Gpu> => {
    const gpu = await openGpu(api);
    Object.assign(gpu.facts, { maxStorageBufferBindingSize: 1000 });
    return gpu;
  };
  const found = await run(partsOf(tiny).slice(-1), { open });
  expect(found.parts[0]).toMatchObject({
    status: "skipped",
    message: expect.stringMatching(/this adapter binds 1000\./),
  });
});

test("a model whose step would take longer than its part may is not begun: nothing could stop it", async () => {
  const [model] = partsOf(tiny).slice(-1);
  const slow = part("peaks", async (c) => {
    await measurePeak(c);
    c.found.peak.f32!.perSecond = 1e5;
  });
  const found = await run([slow, model!]);
  expect(statuses(found)).toEqual(["peaks: done", `${demo.name}: cut off`]);
  expect(found.parts[1]!.message).toMatch(/^a step may take \d+ s here/);
  expect(found.models).toEqual([]);
  expect(found.complete).toBe(false);
});

test("the schema refuses what is no measurement, naming the field", () => {
  expect(() => parseMeasurement({ version: 2 })).toThrow(/version/);
  expect(() => parseMeasurement({})).toThrow(/not a measurement/);
});

test("median and spread", () => {
  expect(spreadOf([5, 1, 9])).toEqual({ median: 5, low: 1, high: 9, rounds: 3 });
  expect(spreadOf([4, 2])).toEqual({ median: 3, low: 2, high: 4, rounds: 2 });
});

test("the demo model's shapes are those of its config.json", async () => {
  const file = fileURLToPath(new URL("../../public/demo/model/config.json", import.meta.url));
  const config = parseConfig(JSON.parse(await readFile(file, "utf8")));
  const { padTokenId, ...sizes } = config;
  expect(padTokenId).toBe(4);
  expect(demo.config).toMatchObject(sizes);
});
