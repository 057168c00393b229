/** Values in vision tower and connector that are not numbers are told with the layer that gives them, whether the tower is frozen or learns. */
import { describe, expect, test } from "vitest";
import { TabTuneError } from "../errors.ts";
import type { Tensor } from "../gpu/buffers.ts";
import { type GoldenCase, openGoldenRun, runToEnd } from "../testing/golden.ts";

const settings = {
  ...{ max_steps: 1, per_device_train_batch_size: 2, gradient_accumulation_steps: 1 },
  ...{ data_order: "sequential", save_steps: 100 },
};
const trained = { ...settings, target_modules: "all-linear" };

type Opened = Awaited<ReturnType<typeof openGoldenRun>>;

/** What a run says whose first step meets NaN in this vector of the model. The vector is as before afterwards. */
async function blame(opened: Opened, { buffer, offset, length }: Tensor, runId: string): Promise<string> {
  const { device } = opened.model.vlm.gpu;
  const size = 4 * length;
  const before = device.createBuffer({ size, usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
  const copy = (from: GPUBuffer, at: number, to: GPUBuffer, toAt: number): void => {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, at, to, toAt, size);
    device.queue.submit([encoder.finish()]);
  };
  copy(buffer, offset, before, 0);
  device.queue.writeBuffer(buffer, offset, new Float32Array(length).fill(Number.NaN));
  const { model, recipe, store, dataset } = opened;
  const error = await runToEnd(model, recipe, { store, dataset, runId }).catch((cause: unknown) => cause);
  copy(before, 0, buffer, offset);
  before.destroy();
  expect(error).toBeInstanceOf(TabTuneError);
  expect((error as TabTuneError).code).toBe("non-finite-loss");
  return (error as TabTuneError).message;
}

const cases: [string, GoldenCase, Record<string, unknown>][] = [
  ["a frozen tower", "llava-mha", settings],
  ["a tower that learns", "llava-mha", trained],
  ["a frozen tower at free size", "qwen3-vl", settings],
  ["a tower at free size that learns", "qwen3-vl", trained],
];

describe.each(cases)("%s (%s)", (_, name, changes) => {
  test("the layer is named, the connector is, and a sound model trains", async () => {
    const opened = await openGoldenRun(name, "a", changes);
    const { tower, connector, deepstack } = opened.model.vlm.weights;
    for (const [n, layer] of tower.layers.entries()) {
      const before = n === 0 ? "the patches of its pictures" : `layer ${n} of the vision tower`;
      const behind = `values stop being numbers in layer ${n + 1} of the vision tower (the largest before it is `;
      const message = await blame(opened, layer.norm2.weight, `layer ${n}`);
      expect(message).toContain(behind);
      expect(message).toMatch(new RegExp(`, in .*(${before}|connector behind ${before})\\)`));
    }
    expect(await blame(opened, connector.out.bias!, "connector")).toMatch(
      /numbers in the connector \(the largest before it is [\d.e+-]+, in what the vision tower gives\)/,
    );
    for (const [k, { out }] of deepstack.entries())
      expect(await blame(opened, out.bias!, `between ${k}`)).toMatch(
        /numbers in the connector behind layer \d+ of the vision tower \(the largest before it is [\d.e+-]+, in layer \d+ of the vision tower\)/,
      );
    const { model, recipe, store, dataset } = opened;
    expect((await runToEnd(model, recipe, { store, dataset, runId: "sound" })).records).toHaveLength(1);
  });
});
