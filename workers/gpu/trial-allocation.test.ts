import { expect, test } from "vitest";
import { testBench } from "../testing/gpu.ts";
import { trialAllocation } from "./trial-allocation.ts";

test("gives what was allocated", async () => {
  const { gpu, arena } = await testBench();
  const tensor = await trialAllocation(gpu, () => arena.tensor("trial", 8));
  expect(tensor.length).toBe(8);
});

test("what the allocation throws is thrown, and no scope stays open to swallow later errors", async () => {
  const { gpu } = await testBench();
  const failing = trialAllocation(gpu, async () => {
    throw new Error("no such shader");
  });
  await expect(failing).rejects.toThrow("no such shader");
  // Closing a scope that is not there is refused: the stack is empty again.
  await expect(gpu.device.popErrorScope()).rejects.toThrow();
});

test("an operation that is refused is told, and does not count against the device", async () => {
  const { gpu } = await testBench();
  const refused = trialAllocation(gpu, () => gpu.device.createBuffer({ size: 4, usage: 0 }));
  await expect(refused).rejects.toMatchObject({ code: "gpu-error" });
  await gpu.device.queue.onSubmittedWorkDone();
  expect(() => gpu.alive()).not.toThrow();
});

test("an allocation without room is a sentence with a way out", async () => {
  const { gpu } = await testBench();
  const device = { pushErrorScope() {}, popErrorScope: async () => ({ message: "64 GB asked for" }) };
  const full = Object.create(gpu, { device: { value: device } }) as typeof gpu;
  await expect(trialAllocation(full, () => 1)).rejects.toMatchObject({
    code: "out-of-memory",
    message: expect.stringContaining("64 GB asked for"),
  });
});
