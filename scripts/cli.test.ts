/** The bundled command line as somebody has it who installed its package: a folder far from this repository, and Node. */
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gpuEnv } from "./gpu-env.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
let folder: string;
let installed: string;

/** As a shell sees it. `env` has no variable of ours: what finds a GPU here is not there. */
function tabtune(args: string[], env: NodeJS.ProcessEnv = {}) {
  const link = path.join(folder, "node_modules/.bin/tabtune");
  const { PATH } = process.env;
  const told = spawnSync(link, args, { cwd: folder, encoding: "utf8", env: { PATH, HOME: folder, ...env } });
  const lines = told.stdout.split("\n").filter(Boolean);
  return { code: told.status, lines, out: told.stdout, err: told.stderr };
}

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-cli-"));
  execFileSync(process.execPath, [path.join(root, "scripts/bundle-engine.mjs")], { cwd: root });
  const packed = ["pack", "--json", "--pack-destination", folder];
  const [{ filename }] = JSON.parse(execFileSync("npm", packed, { cwd: root, encoding: "utf8" }));
  const modules = path.join(folder, "node_modules");
  installed = path.join(modules, "tabtune");
  fs.mkdirSync(path.join(modules, ".bin"), { recursive: true });
  execFileSync("tar", ["-xzf", path.join(folder, filename), "-C", modules]);
  fs.renameSync(path.join(modules, "package"), installed);
  fs.symlinkSync("../tabtune/dist-cli/tabtune.mjs", path.join(modules, ".bin/tabtune"));
  fs.cpSync(path.join(root, "public/demo"), path.join(folder, "demo"), { recursive: true });
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const model = ["--model", "demo/model"];
const data = ["--data", "demo/data"];
const recipe = ["--recipe", "demo/recipe.json"];

test("the package is the bundle, the licences of what is in it, and nothing else", () => {
  const files = fs.readdirSync(installed, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const named = files.map(({ parentPath, name }) => path.relative(installed, path.join(parentPath, name)));
  expect(named.filter((name) => !/^dist-cli\/[\w.-]+\.mjs$/.test(name)).sort()).toEqual([
    "LICENSE",
    "README.md",
    "dist-cli/licenses.md",
    "package.json",
  ]);
  const bytes = files.reduce((sum, { parentPath, name }) => sum + fs.statSync(path.join(parentPath, name)).size, 0);
  console.log(`installed without Dawn: ${(bytes / 1e6).toFixed(2)} MB in ${files.length} files`);
  expect(bytes).toBeLessThan(5e6);
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(installed, "package.json"), "utf8"));
  expect(Object.keys(dependencies)).toEqual(["webgpu"]);
});

test("rows are read; pictures of many rows are prepared in threads; a plan is made: by Node alone", () => {
  const rows = tabtune(["rows", ...data]);
  expect(rows.code, rows.err).toBe(0);
  expect(rows.lines).toHaveLength(128);
  // More than 64 pictures: threads begin with the bundle's own files.
  const ids = tabtune(["tokenize", ...model, ...data, ...recipe]);
  expect(ids.code, ids.err).toBe(0);
  expect(ids.lines).toHaveLength(128);
  const [first] = ids.lines.map((line) => JSON.parse(line));
  expect(first.input_ids.length).toBe(first.labels.length);
  const plan = tabtune(["plan", ...model, ...recipe]);
  expect(plan.code, plan.err).toBe(0);
  expect(JSON.parse(plan.out).total_bytes).toBeGreaterThan(1e6);
});

test("it says its version and its commands; a wrong command line, and a reader that goes away, end it as a shell expects", () => {
  const { version } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"));
  expect(tabtune(["--version"])).toMatchObject({ code: 0, out: `${version}\n`, err: "" });
  expect(tabtune(["--help"]).out).toContain("  train ");
  expect(tabtune(["trian"]).code).toBe(2);
  const command = "node_modules/.bin/tabtune tokenize --model demo/model --data demo/data --recipe demo/recipe.json";
  const piped = ["-c", `${command} 2>err.txt | head -1 | wc -l`];
  const { PATH } = process.env;
  expect(execFileSync("sh", piped, { cwd: folder, encoding: "utf8", env: { PATH, HOME: folder } }).trim()).toBe("1");
  expect(fs.readFileSync(path.join(folder, "err.txt"), "utf8")).not.toMatch(/EPIPE|Error/);
});

test("without Dawn a command that needs the GPU says what is missing", () => {
  const told = tabtune(["generate", ...model, "--prompt", "Hi", "--max-new-tokens", "1"]);
  expect(told.code).toBe(1);
  expect(JSON.parse(told.err)).toMatchObject({
    code: "no-webgpu",
    message: expect.stringContaining("npm package webgpu"),
    remedy: expect.stringContaining("npm install webgpu"),
  });
});

describe("with Dawn beside it", () => {
  /** What travels of the package: its script, and the binary of this platform. */
  beforeAll(() => {
    const from = path.join(root, "node_modules/webgpu");
    const to = path.join(folder, "node_modules/webgpu");
    const binary = `dist/${process.platform}-${process.platform === "darwin" ? "universal" : process.arch}`;
    for (const name of ["package.json", "index.js", binary])
      fs.cpSync(path.join(from, name), path.join(to, name), { recursive: true, dereference: true });
  });

  test("the model answers", () => {
    const driver = gpuEnv({ software: true });
    const { VK_DRIVER_FILES, VK_ICD_FILENAMES, LD_LIBRARY_PATH } = driver;
    const picture = ["--image", "demo/data/heldout/001.webp"];
    const args = ["generate", ...model, ...picture, "--prompt", "<image>\nWhat is it?", "--max-new-tokens", "4"];
    const told = tabtune(args, { VK_DRIVER_FILES, VK_ICD_FILENAMES, LD_LIBRARY_PATH });
    expect(told.code, told.err).toBe(0);
    expect(JSON.parse(told.out).ids.length).toBeGreaterThan(0);
  });

  test.runIf(process.platform === "linux")("without a driver it says what can be done", () => {
    const none = path.join(folder, "none.json");
    const told = tabtune(["generate", ...model, "--prompt", "Hi", "--max-new-tokens", "1"], { TABTUNE_VK_ICD: none });
    expect(told.code).toBe(1);
    // Dawn has a word of its own before.
    const error = JSON.parse(told.err.trimEnd().split("\n").at(-1)!);
    expect(error).toMatchObject({ code: "no-webgpu", remedy: expect.stringContaining("TABTUNE_VK_ICD") });
  });
});
