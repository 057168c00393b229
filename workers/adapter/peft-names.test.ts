import { describe, expect, test } from "vitest";
import { idefics3Names } from "../models/idefics3/names.ts";
import { llavaNames } from "../models/llava/names.ts";
import { qwen3VlNames } from "../models/qwen3-vl/names.ts";
import {
  layoutFor,
  parsePeftKey,
  parseTrainedKey,
  partPath,
  partWord,
  peftPrefix,
  targetModulesOf,
} from "./peft-names.ts";

const LM = "language_model.layers.3.self_attn.q_proj";
const VISION = "vision_tower.vision_model.encoder.layers.0.mlp.fc1";
const PROJECTOR = "multi_modal_projector.linear_1";

test.each([
  [LM, "old", "base_model.model.language_model.model.layers.3.self_attn.q_proj"],
  [LM, "new", "base_model.model.model.language_model.layers.3.self_attn.q_proj"],
  [PROJECTOR, "old", "base_model.model.multi_modal_projector.linear_1"],
  [PROJECTOR, "new", "base_model.model.model.multi_modal_projector.linear_1"],
  [VISION, "old", "base_model.model.vision_tower.vision_model.encoder.layers.0.mlp.fc1"],
  [VISION, "new", "base_model.model.model.vision_tower.vision_model.encoder.layers.0.mlp.fc1"],
] as const)("%s in the %s spelling", (module, layout, prefix) => {
  expect(peftPrefix(module, layout, llavaNames)).toBe(prefix);
  expect(parsePeftKey(`${prefix}.lora_A.weight`, llavaNames)).toEqual({ module, part: "A" });
  expect(parsePeftKey(`${prefix}.lora_B.default.weight`, llavaNames)).toEqual({ module, part: "B" });
});

test("the spelling of transformers 5", () => {
  const key = "base_model.model.model.vision_tower.encoder.layers.0.mlp.fc1.lora_B.weight";
  expect(parsePeftKey(key, llavaNames)).toEqual({ module: VISION, part: "B" });
});

test.each([
  "base_model.model.language_model.lm_head.lora_A.weight",
  "base_model.model.model.multi_modal_projector.linear_1.weight",
  "base_model.model.model.language_model.embed_tokens.lora_embedding_A",
  "model.language_model.layers.0.self_attn.q_proj.lora_A.weight",
  "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
])("%s names no module of ours", (key) => {
  expect(parsePeftKey(key, llavaNames)).toBeUndefined();
});

test("old spelling only for the language model alone", () => {
  expect(layoutFor([LM])).toBe("old");
  expect(layoutFor([LM, PROJECTOR])).toBe("new");
  expect(layoutFor([VISION])).toBe("new");
});

describe("target_modules", () => {
  const leaves = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
  const all = leaves.map((leaf) => `language_model.layers.0.x.${leaf}`);

  test("of the language model is the expression that PEFT adapters of LLaVA use", () => {
    const expression = ".*language_model.*\\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)";
    expect(targetModulesOf(all, llavaNames)).toBe(expression);
  });

  test.each([
    ["model.language_model.layers.11.self_attn.q_proj", true],
    ["language_model.model.layers.0.mlp.down_proj", true],
    ["model.vision_tower.encoder.layers.0.self_attn.q_proj", false],
    ["model.vision_tower.vision_model.encoder.layers.0.mlp.fc1", true],
    ["model.multi_modal_projector.linear_1", true],
    ["model.multi_modal_projector.linear_2", false],
    ["lm_head", false],
  ])("matches %s in full: %s", (name, matches) => {
    // As PEFT does: re.fullmatch.
    const expression = targetModulesOf([...all, VISION, PROJECTOR], llavaNames);
    expect(new RegExp(`^(?:${expression})$`).test(name)).toBe(matches);
  });
});

/** Keys and target_modules as PEFT 0.21 has them in adapters of SmolVLM under transformers 5.18. */
test("SmolVLM has one spelling", () => {
  const connector = "multi_modal_projector.modality_projection.proj";
  const keys: [string, string][] = [
    [LM, "base_model.model.model.text_model.layers.3.self_attn.q_proj"],
    [VISION, "base_model.model.model.vision_model.encoder.layers.0.mlp.fc1"],
    [connector, "base_model.model.model.connector.modality_projection.proj"],
  ];
  for (const [module, prefix] of keys) {
    for (const layout of ["old", "new"] as const) expect(peftPrefix(module, layout, idefics3Names)).toBe(prefix);
    expect(parsePeftKey(`${prefix}.lora_A.weight`, idefics3Names)).toEqual({ module, part: "A" });
  }
  expect(targetModulesOf([LM, VISION, connector], idefics3Names)).toBe(
    ".*text_model.*\\.(q_proj)|.*vision_model.*\\.(fc1)|.*connector.*\\.(proj)",
  );
  const trained = "base_model.model.model.connector.modality_projection.proj.weight";
  expect(parseTrainedKey(trained, idefics3Names)).toBe(`${connector}.weight`);
  expect(partWord("multi_modal_projector", idefics3Names)).toBe("connector");
});

/** Keys as PEFT 0.21 has them in adapters of Qwen3-VL under transformers 5.18 and 4.57. */
test("Qwen3-VL has one spelling, one linear for query, key and value of the tower, and connectors in between", () => {
  const keys: [string, string][] = [
    [LM, "base_model.model.model.language_model.layers.3.self_attn.q_proj"],
    ["vision_tower.vision_model.encoder.layers.0.attn.qkv", "base_model.model.model.visual.blocks.0.attn.qkv"],
    ["vision_tower.vision_model.encoder.layers.0.attn.proj", "base_model.model.model.visual.blocks.0.attn.proj"],
    [
      "vision_tower.vision_model.encoder.layers.1.mlp.linear_fc1",
      "base_model.model.model.visual.blocks.1.mlp.linear_fc1",
    ],
    ["multi_modal_projector.linear_fc2", "base_model.model.model.visual.merger.linear_fc2"],
    ["deepstack_connectors.2.linear_fc1", "base_model.model.model.visual.deepstack_merger_list.2.linear_fc1"],
  ];
  for (const [module, prefix] of keys) {
    for (const layout of ["old", "new"] as const) expect(peftPrefix(module, layout, qwen3VlNames)).toBe(prefix);
    expect(parsePeftKey(`${prefix}.lora_B.weight`, qwen3VlNames)).toEqual({ module, part: "B" });
  }
  const expression = new RegExp(
    `^(?:${targetModulesOf(
      keys.map(([module]) => module),
      qwen3VlNames,
    )})$`,
  );
  for (const [, prefix] of keys) expect(expression.test(prefix.slice("base_model.model.".length)), prefix).toBe(true);
  // The patch embedding, which is no linear, is called as the tower's projections are.
  expect(expression.test("model.visual.patch_embed.proj")).toBe(false);
  const paths = ["language_model", "vision_tower.vision_model", "multi_modal_projector", "deepstack_connectors"];
  expect(paths.map((part) => partPath(part, qwen3VlNames))).toEqual([
    "model.language_model",
    "model.visual",
    "model.visual.merger",
    "model.visual.deepstack_merger_list",
  ]);
  expect(paths.slice(0, 3).map((part) => partPath(part, llavaNames))).toEqual([
    "model.language_model",
    "model.vision_tower",
    "model.multi_modal_projector",
  ]);
  expect(partPath("multi_modal_projector", idefics3Names)).toBe("model.connector");
  const alone = targetModulesOf([LM], qwen3VlNames);
  expect(alone).toBe(".*language_model.*\\.(q_proj)");
  expect(new RegExp(`^(?:${alone})$`).test("model.visual.blocks.0.attn.qkv")).toBe(false);
});
