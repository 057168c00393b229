/** Phases of a step share memory (workers/gpu/shared-memory.ts): what others left in it must not reach a result. */
import { expect, test, vi } from "vitest";
import type { Example } from "../data/example.ts";
import { tilesOf } from "../data/example.ts";
import { Arena } from "../gpu/buffers.ts";
import * as shared from "../gpu/shared-memory.ts";
import { type ActivationPolicy, KEEP } from "../models/activations.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { readAdapter, writeAdapter } from "../models/adapter-slabs.ts";
import { featuresPerTile } from "../models/config.ts";
import { initialLora } from "../models/lora-init.ts";
import type { LoadedModel } from "../models/open.ts";
import { parseRecipe } from "../recipe.ts";
import { type GoldenCase, goldenExamples, loadGoldenModel, openGolden } from "../testing/golden.ts";
import { createTrainingStep } from "./step.ts";

vi.mock("../gpu/shared-memory.ts", { spy: true });

const optimizer = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, maxGradNorm: 1 };

/** Loss, norm and gradients of a step in passes of the longest row, whose buffers begin as `value`, and how many bytes they take. */
async function step(
  { vlm, config }: LoadedModel,
  batch: Example[],
  { policy, value }: { policy: ActivationPolicy; value: number },
) {
  const arena = new Arena(vlm.gpu, vlm.counters);
  const adapter = allocateAdapter(arena, config, { rank: 8, alpha: 16, useRslora: false }, { training: true });
  writeAdapter(vlm, adapter, (m) => ({
    loraA: initialLora(m.module, 8, m.inFeatures, m.outFeatures, 42).loraA,
    loraB: Float32Array.from({ length: 8 * m.outFeatures }, (_, i) => 0.01 * Math.sin(i)),
  }));
  const { device } = vlm.gpu;
  const create = device.createBuffer.bind(device);
  const made = vi.spyOn(device, "createBuffer").mockImplementation((descriptor) => {
    const buffer = create(descriptor);
    const isScratch = /^(activations|backward|loss|vision)\//.test(descriptor.label ?? "");
    if (isScratch) device.queue.writeBuffer(buffer, 0, new Float32Array(descriptor.size / 4).fill(value));
    return buffer;
  });
  const before = vlm.counters.bytesAllocated;
  const rows = Math.max(...batch.map(({ inputIds }) => inputIds.length));
  const features = Math.max(...batch.map(tilesOf)) * featuresPerTile(config);
  const training = await createTrainingStep(vlm, adapter, {
    capacity: { rows, labelRows: rows, features, policy },
    ...{ tileCapacity: 2, optimizer, trainOn: "all-text" },
  });
  made.mockRestore();
  const bytes = vlm.counters.bytesAllocated - before;
  const { loss, gradNorm } = await training.run(batch, 1, 1e-3);
  const gradients = (await readAdapter(vlm, adapter, adapter.grads)).flatMap((m) => [m.loraA, m.loraB]);
  await training.dispose();
  arena.dispose();
  return { outcome: { loss, gradNorm, gradients }, bytes };
}

const policies: [string, ActivationPolicy][] = [
  ["kept", KEEP],
  ["recomputed", { precision: "f16", keptLayers: 0 }],
  ["kept of a layer", { precision: "f16", keptLayers: 1 }],
];

test.each<GoldenCase>(["own-tiny", "smolvlm"])(
  "%s: shared memory full of NaN gives bitwise what memory of each one's own gives",
  { timeout: 600_000 },
  async (name) => {
    const golden = await openGolden(name);
    const model = await loadGoldenModel(
      golden,
      parseRecipe({ load_in_4bit: true, do_image_splitting: name === "smolvlm" ? false : null }),
    );
    const batch = (await goldenExamples(golden, model)).slice(0, 2);
    for (const [kept, policy] of policies) {
      vi.mocked(shared.sharedMemory).mockImplementation((alloc, names, lay) =>
        lay({ ...(Object.fromEntries(names.map((n) => [n, alloc])) as Parameters<typeof lay>[0]), kept: alloc }),
      );
      const apart = await step(model, batch, { policy, value: 0 });
      vi.mocked(shared.sharedMemory).mockReset();
      const together = await step(model, batch, { policy, value: Number.NaN });
      expect(together.outcome, kept).toEqual(apart.outcome);
      expect(Number.isFinite(apart.outcome.loss)).toBe(true);
      expect(together.bytes, kept).toBeLessThan(0.9 * apart.bytes);
    }
  },
);
