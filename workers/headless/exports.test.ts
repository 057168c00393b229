/** `merge` and `gguf` as a shell would call them. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { exportPeft } from "../adapter/peft-export.ts";
import { main } from "../headless.ts";
import { parseConfig } from "../models/registry.ts";
import { openGolden } from "../testing/golden.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-merge-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** An adapter that changes one matrix by nothing. */
function writeAdapter(configJson: Parameters<typeof parseConfig>[0]): string {
  const { names, decoder } = parseConfig(configJson);
  const [inFeatures, outFeatures] = [decoder.hiddenSize, decoder.numHeads * decoder.headSize];
  const [loraA, loraB] = [new Float32Array(4 * inFeatures), new Float32Array(4 * outFeatures)];
  const module = { module: "language_model.layers.0.self_attn.q_proj", inFeatures, outFeatures, loraA, loraB, rank: 4 };
  const settings = { names, baseModel: "model", alpha: 4, dropout: 0, useRslora: false };
  const { weights, config } = exportPeft([module], settings, []);
  const adapter = path.join(folder, "adapter");
  fs.mkdirSync(adapter, { recursive: true });
  fs.writeFileSync(path.join(adapter, "adapter_model.safetensors"), weights);
  fs.writeFileSync(path.join(adapter, "adapter_config.json"), config);
  return adapter;
}

test("a merged SmolVLM says how its pictures were cut in training, and without the recipe that is told to be unknown", async () => {
  const { modelFolder } = await openGolden("smolvlm");
  const read = (from: string, name: string) => JSON.parse(fs.readFileSync(path.join(from, name), "utf8"));
  const adapter = writeAdapter(read(modelFolder, "config.json"));
  const recipe = path.join(folder, "recipe.json");
  fs.writeFileSync(recipe, JSON.stringify({ do_image_splitting: false, image_longest_edge: 64 }));
  const merge = async (out: string, ...more: string[]): Promise<{ processor: object; said: string }> => {
    const lines: string[] = [];
    const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
    const place = path.join(folder, out);
    const code = await main(["merge", "--model", modelFolder, "--adapter", adapter, "--out", place, ...more]);
    spy.mockRestore();
    expect([code, lines.join("")]).toEqual([0, expect.any(String)]);
    return { processor: read(place, "preprocessor_config.json"), said: lines.join("") };
  };
  const before = read(modelFolder, "preprocessor_config.json");
  const told = await merge("told", "--recipe", recipe);
  expect(told.processor).toEqual({
    ...before,
    ...{ do_image_splitting: false, do_resize: true, size: { longest_edge: 64 } },
  });
  expect(told.said).not.toContain("--recipe");
  const plain = await merge("plain");
  expect(plain.processor).toEqual(before);
  expect(plain.said).toContain("--recipe gives the settings that it was trained with");
});

/** What a command ends with, and what it says. */
async function run(...args: string[]): Promise<{ code: number; said: string }> {
  const lines: string[] = [];
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  const code = await main(args);
  spy.mockRestore();
  return { code, said: lines.join("") };
}

test("gguf --merged writes a folder for llama.cpp and Ollama, and nothing where it is refused", async () => {
  const smolvlm = (await openGolden("smolvlm")).modelFolder;
  const adapter = writeAdapter(JSON.parse(fs.readFileSync(path.join(smolvlm, "config.json"), "utf8")));
  const place = path.join(folder, "for-ollama");
  const all = ["gguf", "--model", smolvlm, "--adapter", adapter, "--out", place];
  const done = await run(...all, "--merged", "--type", "q8_0");
  expect(done).toMatchObject({ code: 0, said: expect.stringContaining("--recipe gives what it was trained with") });
  expect(fs.readdirSync(place).sort()).toEqual(["Modelfile", "mmproj-f16.gguf", "model-q8_0.gguf"]);
  expect(await run(...all, "--merged")).toMatchObject({ code: 1, said: expect.stringContaining("is not empty") });
  expect(await run(...all, "--type", "f16")).toMatchObject({ code: 1, said: expect.stringContaining("Add --merged") });

  const onevision = (await openGolden("onevision")).modelFolder;
  const other = writeAdapter(JSON.parse(fs.readFileSync(path.join(onevision, "config.json"), "utf8")));
  const nowhere = path.join(folder, "nowhere");
  const refused = await run("gguf", "--model", onevision, "--adapter", other, "--merged", "--out", nowhere);
  expect(refused).toMatchObject({ code: 1, said: expect.stringContaining('"code":"unsupported-model"') });
  expect(fs.readdirSync(folder).filter((name) => name.startsWith("nowhere"))).toEqual([]);
});
