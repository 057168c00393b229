import { expect, test } from "vitest";
import { Planner } from "../gpu/buffers.ts";
import { allocateAdapter } from "../models/adapter.ts";
import { configOf } from "../models/published.ts";
import { moduleSizes, otherBase } from "./module-sizes.ts";

test.each(["llava-hf/llava-1.5-7b-hf", "llava-hf/llava-v1.6-mistral-7b-hf"])(
  "%s: the modules of an adapter",
  (repo) => {
    const settings = { rank: 8, alpha: 16, useRslora: false, targets: "all-linear", trainProjector: false } as const;
    const { modules } = allocateAdapter(new Planner(), configOf(repo), settings, { training: false });
    const expected = modules.map((m) => [m.module, { inFeatures: m.inFeatures, outFeatures: m.outFeatures }] as const);
    expect(moduleSizes(configOf(repo))).toEqual(new Map(expected));
  },
);

test.each([
  ["llava-hf/llava-1.5-7b-hf", "llava-1.5-7b-hf", {}],
  ["llava-hf/llava-1.5-7b-hf", "llava-hf/llava-1.5-7b-hf@main", {}],
  ["C:\\models\\LLaVA\\", "llava", {}],
  ["llava-hf/llava-1.5-7b-hf", "my folder", { _name_or_path: "llava-hf/llava-1.5-7b-hf" }],
  ["", "m", {}],
])("an adapter of %s fits %s", (base, label, config) => {
  expect(otherBase(base, label, config)).toBeUndefined();
});

test("another base is told", () => {
  expect(otherBase("another/model", "m", { _name_or_path: "" })).toMatch(
    /^The adapter says that it was trained on another\/model, and the model given is m: its sizes fit/,
  );
});
