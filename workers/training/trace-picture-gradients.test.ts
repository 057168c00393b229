/** Gradients in vision tower and connector that are not numbers are told with the layer that gives them. */
import { describe, expect, test, vi } from "vitest";
import { TabTuneError } from "../errors.ts";
import type { Tensor } from "../gpu/buffers.ts";
import type { AffineWeight } from "../models/weight-builder.ts";
import { type GoldenCase, openGoldenRun, runToEnd } from "../testing/golden.ts";

/** The linear whose way back meets NaN: in the gradient that it is given, or in LoRA's A x alone, which only LoRA's own gradient reads. */
let planted: { weight: AffineWeight | "in full"; in: "dy" | "xa"; nan: Tensor } | undefined;

vi.mock("../models/parts/lora.ts", async (original) => {
  const real = await original<typeof import("../models/parts/lora.ts")>();
  const adaptedBackward: typeof real.adaptedBackward = (r, lora, weight, e) =>
    real.adaptedBackward(r, lora, weight, planted?.weight === weight ? { ...e, [planted.in]: planted.nan } : e);
  return { ...real, adaptedBackward };
});

vi.mock("../kernels/linear/weight-gradient.ts", async (original) => {
  const real = await original<typeof import("../kernels/linear/weight-gradient.ts")>();
  const linearWeightGradient: typeof real.linearWeightGradient = (r, e) =>
    real.linearWeightGradient(r, planted?.weight === "in full" ? { ...e, dy: planted.nan } : e);
  return { ...real, linearWeightGradient };
});

const settings = {
  ...{ max_steps: 1, per_device_train_batch_size: 2, gradient_accumulation_steps: 1 },
  ...{ data_order: "sequential", save_steps: 100 },
};

/** Says in which place values stop being numbers in a run with NaN planted so. */
async function blamed(name: GoldenCase, changes: Record<string, unknown>) {
  const opened = await openGoldenRun(name, "a", { ...settings, ...changes });
  const { device } = opened.model.vlm.gpu;
  const length = 1 << 18;
  const buffer = device.createBuffer({ size: 4 * length, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(buffer, 0, new Float32Array(length).fill(Number.NaN));
  const nan: Tensor = { buffer, offset: 0, length };
  const blame = async (weight: AffineWeight | "in full", where: "dy" | "xa"): Promise<string> => {
    planted = { weight, in: where, nan };
    const { model, recipe, store, dataset } = opened;
    const runId = crypto.randomUUID();
    const error = await runToEnd(model, recipe, { store, dataset, runId }).catch((cause: unknown) => cause);
    planted = undefined;
    expect(error).toBeInstanceOf(TabTuneError);
    expect((error as TabTuneError).code).toBe("non-finite-loss");
    return /values stop being numbers in ([^(]*) \(/.exec((error as TabTuneError).message)?.[1] ?? String(error);
  };
  return { ...opened.model.vlm, blame };
}

describe.each<GoldenCase>(["llava-mha", "qwen3-vl"])("%s", (name) => {
  test("a NaN in a layer's way back is told as that layer's, and so is one in LoRA's gradient alone", async () => {
    const { config, weights, blame } = await blamed(name, { target_modules: "all-linear" });
    const { tower, connector, deepstack } = weights;
    // The ends of the tower, and a layer before which a connector takes its pictures: each is a run of its own.
    for (const n of new Set([0, (config.deepstack?.[0]?.layer ?? 0) + 1, tower.layers.length - 1])) {
      const { linears } = tower.layers[n]!;
      const place = `the gradient of LoRA's matrices in layer ${n + 1} of the vision tower`;
      expect(await blame(linears.fc2, "dy")).toBe(place);
      expect(await blame(linears.qkv, "xa")).toBe(place);
    }
    expect(await blame(connector.out, "dy")).toBe("the gradient of LoRA's matrices in the connector");
    expect(await blame(connector.out, "xa")).toBe("the gradient of LoRA's matrices in the connector");
    for (const [k, { out }] of deepstack.entries())
      expect(await blame(out, "xa")).toBe(
        `the gradient of LoRA's matrices in the connector behind layer ${config.deepstack![k]!.layer + 1} of the vision tower`,
      );
  });
});

test("a connector that is trained in full behind a frozen tower is named", async () => {
  const { blame } = await blamed("llava-mha", { modules_to_save: ["multi_modal_projector"] });
  expect(await blame("in full", "dy")).toBe("the gradient of the weights of the connector");
});
