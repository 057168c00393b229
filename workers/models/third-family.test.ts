/**
 * docs/adding-a-model.md proves itself: a family in three files (testing/third-family/) and one line in the registry trains as PyTorch
 * does, from a checkpoint whose config.json and tensor names no other family can read.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adapterEntries } from "../adapter/peft-export.ts";
import { memoryStore } from "../storage/memory.ts";
import { readerOfBlob } from "../storage/range-reader.ts";
import { testGpu } from "../testing/device.ts";
import {
  type Golden,
  goldenDataset,
  goldenFiles,
  goldenInit,
  openGolden,
  recipeWith,
  runToEnd,
} from "../testing/golden.ts";
import { third } from "../testing/third-family/family.ts";
import { thirdNames } from "../testing/third-family/names.ts";
import { readSafetensors, type TensorEntry, writeSafetensors } from "../weights/formats/safetensors.ts";
import { filesFromDirectory } from "../weights/hub/fs-files.ts";
import { type ModelFiles, modelFiles } from "../weights/hub/source.ts";
import { llavaNames } from "./llava/names.ts";
import { neutralName, spellingsOf } from "./names.ts";
import { loadModel, openModel } from "./open.ts";
import { families } from "./registry.ts";

beforeAll(() => families.set(third.modelType, third));
afterAll(() => families.delete(third.modelType));

/** The golden's files as that family would have them. */
async function inItsWords({ modelFolder }: Golden): Promise<ModelFiles> {
  const files = await filesFromDirectory(modelFolder);
  const said = JSON.parse(readFileSync(`${modelFolder}/config.json`, "utf8"));
  const { text_config: text, vision_config: vision } = said;
  const config = {
    model_type: "third",
    picture_token: said.image_token_index,
    writer: {
      ...{ width: text.hidden_size, mlp: text.intermediate_size, layers: text.num_hidden_layers },
      ...{ heads: text.num_attention_heads, key_heads: text.num_key_value_heads, epsilon: text.rms_norm_eps },
    },
    eye: {
      ...{ width: vision.hidden_size, mlp: vision.intermediate_size, layers: vision.num_hidden_layers },
      ...{ heads: vision.num_attention_heads, side: vision.image_size, patch: vision.patch_size },
    },
  };
  const { tensors } = await readSafetensors(new Uint8Array(readFileSync(`${modelFolder}/model.safetensors`)));
  const renamed = [...tensors].map(([name, tensor]): TensorEntry => {
    return { ...tensor, name: spellingsOf(neutralName(name, llavaNames), thirdNames)[0]! } as TensorEntry;
  });
  const changed: Record<string, Blob> = {
    "config.json": new Blob([JSON.stringify(config)]),
    "model.safetensors": new Blob([writeSafetensors(renamed) as Uint8Array<ArrayBuffer>]),
  };
  return modelFiles("third", files.names(), async (name) =>
    changed[name] ? readerOfBlob(changed[name]) : files.open(name),
  );
}

test("its losses and gradient norms are PyTorch's, and its adapter has its names", async () => {
  const golden = await openGolden("own-tiny");
  const recipe = recipeWith(golden, "drift");
  const model = await loadModel(
    await testGpu(),
    await openModel(await inItsWords(golden), recipe),
    undefined,
    () => {},
  );
  expect(model.family).toBe(third);
  const dataset = await goldenDataset(model, memoryStore(), await goldenFiles(golden));
  const run = await runToEnd(model, recipe, { dataset, loraInit: goldenInit(golden, "drift"), stopAfter: 3 });
  run.records.forEach((record, i) => {
    const expected = golden.expected.runs.drift!.steps[i]!;
    expect(Math.abs(record.loss - expected.loss), `loss of step ${i + 1}`).toBeLessThan(1e-5);
    expect(Math.abs(record.gradNorm / expected.grad_norm - 1), `norm of step ${i + 1}`).toBeLessThan(1e-4);
  });
  expect(run.records).toHaveLength(3);
  const [first] = adapterEntries(run.adapter, [], model.config.names);
  expect(first!.name).toBe("base_model.model.writer.layers.0.self_attn.q_proj.lora_A.weight");
});
