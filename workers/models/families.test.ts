/** What every registered family owes, and that nothing but its folder knows it. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { asTheCheckpointSays } from "./family.ts";
import { published } from "./published.ts";
import { families } from "./registry.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const goldens = path.join(root, "workers/testing/goldens");
const read = (file: string) => JSON.parse(fs.readFileSync(file, "utf8"));
/** Of the goldens, and of their variants: the same weights under another config.json. */
const goldenTypes = new Set(
  fs
    .readdirSync(goldens)
    .map((name) => path.join(goldens, name))
    .filter((folder) => fs.existsSync(path.join(folder, "model/config.json")))
    .flatMap((folder) => [
      read(path.join(folder, "model/config.json")).model_type,
      ...(read(path.join(folder, "expected.json")).variants ?? []).map(
        (variant: { files: Record<string, { model_type?: string }> }) => variant.files["config.json"]?.model_type,
      ),
    ]),
);

test.each([...families.values()])("$modelType has goldens and published sizes", (family) => {
  expect(goldenTypes).toContain(family.modelType);
  expect(Object.keys(family.published).length).toBeGreaterThan(0);
  for (const repo of Object.keys(family.published)) expect(published.get(repo)).toBeDefined();
});

test.each([...families.values()])(
  "$modelType: boxes in resized pixels need pictures that are resized whole",
  (family) => {
    if (family.boxes !== "resized pixels") return;
    for (const { config } of Object.values(family.published)) {
      const processorJson = family.processorOf(family.parseConfig(config));
      const files = { config: family.parseConfig(config), configJson: config, processorJson, ...asTheCheckpointSays };
      expect(family.pictures(files).resized).toBeDefined();
    }
  },
);

/** Files of the product outside the families' own folders and the registry. */
function productFiles(folder: string): string[] {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      const own =
        /^workers\/models\/(llava|idefics3|qwen3-vl)/.test(file) ||
        ["testing", "fixtures", "snapshots"].includes(entry.name);
      return own ? [] : productFiles(file);
    }
    const isProduct = /\.(ts|tsx|wgsl)$/.test(file) && !file.endsWith(".test.ts");
    return isProduct && file !== "workers/models/registry.ts" ? [file] : [];
  });
}

/** Data set forms and sentences name models to people, and old records name what there was; no code goes by these names. */
const SAYS = /^(src\/(words\/|dataset\/examples\.ts|app\/machine\.ts)|workers\/training\/saved\/run-info-0\.ts)/;

const files = [...productFiles("workers"), ...productFiles("src")]
  .filter((file) => !SAYS.test(file))
  .map((file) => ({
    file,
    // Sources may be cited in comments.
    code: fs.readFileSync(path.join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ""),
  }));

test("nothing else branches on a family's name, or on that of a model in it", () => {
  const types = [
    ...families.keys(),
    "llama",
    "mistral",
    "vicuna",
    "clip_vision_model",
    "siglip_vision_model",
    "qwen2",
    "qwen3_vl_text",
  ];
  const said = new RegExp(`["'\`](${types.join("|")})["'\`]`);
  expect(files.length).toBeGreaterThan(250);
  expect(files.filter(({ code }) => said.test(code)).map(({ file }) => file)).toEqual([]);
});

test("no other code is named after one", () => {
  const named = /(?<![\w"'`./-])\w*(llava|mistral|vicuna|idefics|smolvlm|qwen3)\w*(?![\w"'`/-])\s*[(:=,;)}]/i;
  const outside = files.map(({ file, code }) => ({ file, code: code.replace(/"[^"\n]*"|`[^`]*`|>[^<>{}]*</g, '""') }));
  expect(outside.filter(({ code }) => named.test(code)).map(({ file }) => file)).toEqual([]);
});
