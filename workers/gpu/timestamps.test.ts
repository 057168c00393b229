import { expect, test } from "vitest";
import { copyRows } from "../kernels/rows/copy.ts";
import { Arena, newCounters } from "./buffers.ts";
import { openGpu } from "./device.ts";
import { nodeGpu } from "./node.ts";
import { PipelineCache, Recorder } from "./program.ts";
import { hasTimestamps, Timestamps } from "./timestamps.ts";

test("kernels are timed by the GPU's own clock, more of them than one read holds", async () => {
  const gpu = await openGpu(await nodeGpu(), ["timestamp-query"]);
  expect(hasTimestamps(gpu)).toBe(true);
  const arena = new Arena(gpu, newCounters());
  const [x, y] = [arena.tensor("x", 1 << 16), arena.tensor("y", 1 << 16)];
  const r = new Recorder();
  for (let n = 0; n < 600; n++) copyRows(r, { y, x, size: 1, rows: 1 << 16 });
  const program = await r.build(arena, new PipelineCache(gpu, arena.counters));
  const stamps = new Timestamps(gpu);
  const started = performance.now();
  const times = await program.profile({}, { stamps });
  const wall = performance.now() - started;
  expect([...times.values()].map((t) => t.dispatches)).toEqual([600]);
  const ms = [...times.values()][0]!.ms;
  expect(ms).toBeGreaterThan(0);
  expect(ms).toBeLessThan(wall);
  expect(await stamps.read()).toEqual([]);
  stamps.dispose();
  gpu.destroy();
});
