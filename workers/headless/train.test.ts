/** `train` as a shell would call it: what it leaves behind when it fails, and when it goes on. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { main } from "../headless.ts";
import { keepVerdict } from "../testing/verdict.ts";
import { writeSafetensors } from "../weights/formats/safetensors.ts";

const golden = fileURLToPath(new URL("../testing/goldens/llava-mha/", import.meta.url));
let folder: string;
let out: string;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-train-"));
  vi.stubEnv("XDG_CACHE_HOME", path.join(folder, "cache"));
  await keepVerdict(`${golden}model`);
});
afterAll(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true, force: true });
});
beforeEach(({ task }) => {
  onLine = () => {};
  out = path.join(folder, task.id);
});

const small = { max_steps: 2, per_device_train_batch_size: 1, lora_r: 4, load_in_4bit: false, save_steps: 1 };

/** What a test does at a line of stderr. */
let onLine: (line: string) => void = () => {};

/** Exit code, and the last line of stderr. */
async function train(recipe: object, ...more: string[]): Promise<{ code: number; error: string }> {
  const { code, lines } = await said(recipe, ...more);
  return { code, error: lines.at(-1) ?? "" };
}

/** Exit code, and the lines of stderr. */
async function said(recipe: object, ...more: string[]): Promise<{ code: number; lines: string[] }> {
  const recipeFile = path.join(folder, "recipe.json");
  fs.writeFileSync(recipeFile, JSON.stringify({ ...small, ...recipe }));
  const lines: string[] = [];
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    onLine(String(text));
    return lines.push(String(text)) > 0;
  });
  const data = more.includes("--data") ? [] : ["--data", `${golden}data`];
  const model = more.includes("--model") ? [] : ["--model", `${golden}model`];
  const given = [...model, ...data, "--recipe", recipeFile, "--out", out];
  const code = await main(["train", ...given, ...more]);
  spy.mockRestore();
  return { code, lines };
}

const steps = (): { step: number; loss: number }[] =>
  fs
    .readFileSync(path.join(out, "steps.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test("a run that fails before its first checkpoint leaves nothing", async () => {
  const { code, error } = await train({ max_length: 20 });
  expect(code).toBe(1);
  expect(JSON.parse(error)).toMatchObject({ code: "no-rows", remedy: expect.stringContaining("max_length") });
  expect(fs.existsSync(out)).toBe(false);
});

test("other files of the folder are left alone", async () => {
  fs.mkdirSync(out);
  fs.writeFileSync(path.join(out, "notes.txt"), "mine");
  expect((await train({ max_length: 20 })).code).toBe(1);
  expect(fs.readdirSync(out)).toEqual(["notes.txt"]);
});

test("an op that this adapter computes wrongly is named, and nothing is trained", async () => {
  await keepVerdict(`${golden}model`, { op: "RMSNorm", output: "dx", error: 0.02, passed: false, note: "" });
  const { code, error } = await train({});
  await keepVerdict(`${golden}model`);
  expect(code).toBe(1);
  expect(JSON.parse(error)).toMatchObject({ code: "unsupported-gpu", message: expect.stringContaining("RMSNorm") });
  expect(fs.existsSync(out)).toBe(false);
});

test("a LoRA start of another rank is refused before anything is written", async () => {
  const file = path.join(folder, "init.safetensors");
  const name = "base_model.model.language_model.model.layers.0.self_attn.q_proj.lora_A.weight";
  fs.writeFileSync(file, writeSafetensors([{ name, dtype: "F32", shape: [8, 64], data: new Float32Array(8 * 64) }]));
  const { code, error } = await train({}, "--lora-init", file);
  expect(code).toBe(1);
  expect(JSON.parse(error).code).toBe("bad-adapter");
  expect(fs.existsSync(out)).toBe(false);
});

test("a run does not go on with another recipe or other rows, and is left as it was", async () => {
  expect((await train({}, "--steps", "1")).code).toBe(0);
  const files = (): string[] => fs.readdirSync(out, { recursive: true }).map(String).sort();
  const before = files();
  const recipe = await train({ learning_rate: 1e-3 }, "--resume");
  expect(recipe.code).toBe(1);
  expect(JSON.parse(recipe.error)).toMatchObject({
    code: "bad-checkpoint",
    message: expect.stringContaining("learning_rate"),
  });
  const other = path.join(folder, "other");
  fs.mkdirSync(other);
  fs.writeFileSync(path.join(other, "rows.jsonl"), '{"question": "Who?", "answer": "Me."}');
  const rows = await train({}, "--resume", "--data", other);
  expect(rows.code).toBe(1);
  expect(JSON.parse(rows.error)).toMatchObject({
    code: "bad-checkpoint",
    message: expect.stringContaining("The data has changed"),
  });
  expect(files()).toEqual(before);
  const sibling = path.join(folder, "sibling");
  fs.cpSync(`${golden}model`, sibling, { recursive: true });
  const shard = path.join(sibling, "model-00001-of-00002.safetensors");
  const bytes = fs.readFileSync(shard);
  const header = 8 + Number(bytes.readBigUInt64LE(0));
  fs.writeFileSync(shard, Buffer.concat([bytes.subarray(0, header), bytes.subarray(header).fill(0x11)]));
  const weights = await train({}, "--resume", "--model", sibling);
  expect(JSON.parse(weights.error)).toMatchObject({
    code: "bad-checkpoint",
    message: expect.stringMatching(/began on other weights \(model\) than those of sibling/),
  });
  expect(files()).toEqual(before);
  const moved = path.join(folder, "moved");
  fs.cpSync(`${golden}data`, moved, { recursive: true });
  expect((await train({ save_steps: 2 }, "--resume", "--data", moved)).code).toBe(0);
}, 300_000);

test("a run that goes on writes the lines of all its steps, whatever became of the file", async () => {
  const told = "note: Features of pictures: 1 computed, 0 read again (1 tile in storage, 0.0 MB of at most 2.1 GB).\n";
  expect(await train({}, "--steps", "1")).toEqual({ code: 0, error: told });
  const [first] = steps();
  fs.writeFileSync(path.join(out, "steps.jsonl"), '{"step":1,"los');
  expect((await train({}, "--resume")).code).toBe(0);
  expect(steps().map((s) => s.step)).toEqual([1, 2]);
  expect(steps()[0]).toEqual(first);
  expect(fs.readdirSync(out).sort()).toEqual([
    "README.md",
    "adapter_config.json",
    "adapter_model.safetensors",
    "checkpoints",
    "steps.jsonl",
  ]);
}, 300_000);

test("every logging_steps steps: a line with their mean loss; steps.jsonl has each step", async () => {
  const { code, lines } = await said({ max_steps: 5, logging_steps: 2, save_steps: 5, lr_scheduler_type: "constant" });
  expect(code).toBe(0);
  const losses = steps().map(({ loss }) => loss);
  expect(losses.length).toBe(5);
  const mean = (from: number): string => ((losses[from]! + losses[from + 1]!) / 2).toFixed(4);
  expect(lines.filter((line) => line.startsWith("step "))).toEqual([
    expect.stringMatching(`^step 2: loss ${mean(0)}, grad_norm [0-9.e-]+, learning_rate 0.00002\n$`),
    expect.stringMatching(`^step 4: loss ${mean(2)}, grad_norm [0-9.e-]+, learning_rate 0.00002\n$`),
  ]);
}, 300_000);

test("Ctrl-C ends the step, saves and says how to go on; the run that goes on is the one without a break", async () => {
  const recipe = { max_steps: 4, logging_steps: 1, save_steps: 100 };
  expect((await train(recipe)).code).toBe(0);
  const whole = steps();
  const adapter = fs.readFileSync(path.join(out, "adapter_model.safetensors"));
  fs.rmSync(out, { recursive: true });
  onLine = (line) => {
    if (!line.startsWith("step 2:")) return;
    process.emit("SIGINT");
    process.emit("SIGINT"); // npm passes on what the terminal sends as well: one press
  };
  const { code, error } = await train(recipe);
  onLine = () => {};
  expect(code).toBe(130);
  expect(JSON.parse(error)).toEqual({
    code: "cancelled",
    message: "It was stopped after step 2 of 4.",
    remedy: "Give the same command with --resume to go on.",
  });
  expect(steps()).toEqual(whole.slice(0, 2));
  expect(fs.existsSync(path.join(out, "adapter_model.safetensors"))).toBe(true);
  expect((await train(recipe, "--resume")).code).toBe(0);
  expect(steps()).toEqual(whole);
  expect(fs.readFileSync(path.join(out, "adapter_model.safetensors")).equals(adapter)).toBe(true);
}, 300_000);

test("what is stopped before the first step leaves nothing", async () => {
  let asked = false;
  onLine = (line) => {
    // Advice comes when rows and kernels are ready.
    if (asked || !line.startsWith("note: ")) return;
    asked = true;
    process.emit("SIGTERM");
  };
  const { code, error } = await train({});
  expect(code).toBe(143);
  expect(JSON.parse(error)).toMatchObject({ code: "cancelled", message: "It was stopped before the first step." });
  expect(fs.existsSync(out)).toBe(false);
}, 300_000);
