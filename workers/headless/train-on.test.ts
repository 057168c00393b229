/** `train --adapter` and `train --resume` with more steps, beside what PEFT and torch compute (reference/goldens/train_on.py). */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { zipSync } from "fflate";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { main } from "../headless.ts";
import { accept } from "../testing/compare.ts";
import { goldenRecipe, openGolden } from "../testing/golden.ts";
import { keepVerdict } from "../testing/verdict.ts";
import { readSafetensors, writeSafetensors } from "../weights/formats/safetensors.ts";

interface Step {
  loss: number;
  grad_norm: number;
  lr: number;
  n_targets: number;
}

const goldens = fileURLToPath(new URL("../testing/goldens/", import.meta.url));
const given = `${goldens}train-on/`;
const expected = JSON.parse(fs.readFileSync(`${given}expected.json`, "utf8")) as {
  settings: Record<string, number | string>;
} & Record<"first" | "second" | "longer" | "partial", Step[]>;

let folder: string;
let out: string;
let recipe: Record<string, unknown>;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "tabtune-train-on-"));
  vi.stubEnv("XDG_CACHE_HOME", path.join(folder, "cache"));
  await keepVerdict(`${goldens}own-tiny/model`);
  const golden = await openGolden("own-tiny");
  const settings = { ...golden.expected, runs: { r: { settings: expected.settings, steps: [] } } };
  recipe = { ...goldenRecipe({ ...golden, expected: settings }, "r"), save_steps: 2 };
});
afterAll(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true, force: true });
});
beforeEach(({ task }) => {
  out = path.join(folder, task.id);
});

/** Exit code, and the lines of stderr. */
async function train(changes: object, ...more: string[]): Promise<{ code: number; lines: string[] }> {
  const file = path.join(folder, "recipe.json");
  fs.writeFileSync(file, JSON.stringify({ ...recipe, ...changes }));
  const lines: string[] = [];
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  const model = ["--model", `${goldens}own-tiny/model`, "--data", `${goldens}own-tiny/data`];
  const code = await main(["train", ...model, "--recipe", file, "--out", out, ...more]);
  spy.mockRestore();
  return { code, lines };
}

const errorOf = ({ lines }: { lines: string[] }) => JSON.parse(lines.at(-1)!) as { code: string; message: string };

function expectSteps(steps: Step[], from = 1): void {
  const lines = fs.readFileSync(path.join(out, "steps.jsonl"), "utf8").trim().split("\n");
  const made = lines.map((line) => JSON.parse(line)).slice(from - 1);
  expect(made).toHaveLength(steps.length);
  steps.forEach(({ loss, grad_norm, lr, n_targets }, i) => {
    expect(made[i]).toMatchObject({ step: from + i, target_tokens: n_targets });
    expect(Math.abs(made[i].loss - loss), `loss of step ${from + i}`).toBeLessThan(accept.loss);
    expect(Math.abs(made[i].grad_norm / grad_norm - 1), `norm of step ${from + i}`).toBeLessThan(accept.gradNorm);
    expect(Math.abs(made[i].learning_rate - lr)).toBeLessThanOrEqual(1e-12 * lr);
  });
}

const matrices = async (): Promise<Map<string, Float32Array>> => {
  const { tensors } = await readSafetensors(fs.readFileSync(path.join(out, "adapter_model.safetensors")));
  return new Map([...tensors].map(([name, { data }]) => [name, new Float32Array(data.slice().buffer)]));
};

/** A zip of the adapter in `name`, in a folder of its own. */
function zipped(name: string): Uint8Array {
  const files = ["adapter_model.safetensors", "adapter_config.json"];
  return zipSync(Object.fromEntries(files.map((file) => [`mine/${file}`, fs.readFileSync(`${given}${name}/${file}`)])));
}

describe("an adapter to begin with", () => {
  test("two halves: our first five steps, saved as PEFT, are what the second five begin with", async () => {
    const init = path.join(folder, "init.safetensors");
    const { tensors } = await readSafetensors(fs.readFileSync(`${given}init.safetensors`));
    const entries = [...tensors].map(([name, tensor]) => ({
      name: `base_model.model.${name.replace("language_model.", "language_model.model.").replace("lora_A", "lora_A.weight")}`,
      ...tensor,
    }));
    fs.writeFileSync(init, writeSafetensors(entries));
    expect((await train({}, "--lora-init", init)).code).toBe(0);
    expectSteps(expected.first);
    const half = path.join(folder, "half");
    fs.renameSync(out, half);
    const { code, lines } = await train({ lora_r: 64, lora_alpha: 16 }, "--adapter", half);
    expect(code).toBe(0);
    expectSteps(expected.second);
    expect(lines).toContain(
      "note: The adapter that the run begins with decides: lora_r 4, not 64; lora_alpha 8, not 16.\n",
    );
    const config = JSON.parse(fs.readFileSync(path.join(out, "adapter_config.json"), "utf8"));
    expect(config).toMatchObject({ r: 4, lora_alpha: 8 });
  }, 300_000);

  test("PEFT's own, as a zip, cut after the first step and resumed with the same command", async () => {
    const zip = path.join(folder, "adapter.zip");
    fs.writeFileSync(zip, zipped("first"));
    expect((await train({}, "--adapter", zip, "--steps", "1")).code).toBe(0);
    fs.rmSync(zip);
    expect((await train({}, "--resume")).code).toBe(0);
    expectSteps(expected.second);
  }, 300_000);

  test("of two modules alone, rank-stabilised: the others stay as they were, and the file has the two", async () => {
    const { code, lines } = await train({}, "--adapter", `${given}partial`, "--steps", "4");
    expect(code).toBe(0);
    expectSteps(expected.partial);
    expect(lines.join("")).toContain("lora_r 3, not 4; lora_alpha 6, not 8; use_rslora true, not false");
    const config = JSON.parse(fs.readFileSync(path.join(out, "adapter_config.json"), "utf8"));
    expect(config).toMatchObject({ r: 3, lora_alpha: 6, use_rslora: true });
    expect(config.target_modules).toBe(".*language_model.*\\.(q_proj|v_proj)");
    expect([...(await matrices()).keys()].filter((name) => !/\.[qv]_proj\./.test(name))).toEqual([]);
  }, 300_000);

  test.each<[string, () => string[], string, RegExp]>([
    [
      "a zip that was cut off",
      () => {
        const file = path.join(folder, "cut.zip");
        const whole = zipped("first");
        fs.writeFileSync(file, whole.subarray(0, whole.length / 2));
        return ["--adapter", file];
      },
      "bad-adapter",
      /cut\.zip is no whole zip/,
    ],
    [
      "a pickle",
      () => {
        const place = path.join(folder, "pickle");
        fs.mkdirSync(place);
        fs.copyFileSync(`${given}first/adapter_config.json`, path.join(place, "adapter_config.json"));
        fs.writeFileSync(path.join(place, "adapter_model.bin"), "PK");
        return ["--adapter", place];
      },
      "bad-adapter",
      /adapter_model\.bin, a pickle/,
    ],
    ["a folder without one", () => ["--adapter", `${goldens}own-tiny/data`], "bad-adapter", /holds no PEFT adapter/],
    [
      "another model's",
      () => {
        const fixtures = fileURLToPath(new URL("../adapter/fixtures/", import.meta.url));
        const place = path.join(folder, "other");
        fs.mkdirSync(place);
        for (const file of ["adapter_model.safetensors", "adapter_config.json"])
          fs.copyFileSync(`${fixtures}language-model-${file}`, path.join(place, file));
        return ["--adapter", place];
      },
      "bad-adapter",
      /was made for another model/,
    ],
    [
      "two things to begin with",
      () => ["--adapter", `${given}first`, "--lora-init", `${given}init.safetensors`],
      "bad-argument",
      /both say what to begin with/,
    ],
  ])("%s is refused, and nothing is left behind", async (_, options, code, message) => {
    const refused = await train({}, ...options());
    expect(refused.code).toBe(1);
    expect(errorOf(refused)).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(fs.existsSync(out)).toBe(false);
  });
});

describe("more steps for a run that has ended", () => {
  test("it goes on with its moments, on the schedule of its new length", async () => {
    const init = path.join(folder, "init.safetensors");
    expect((await train({}, "--lora-init", init)).code).toBe(0);
    const { code, lines } = await train({ max_steps: 10 }, "--resume");
    expect(code).toBe(0);
    expectSteps(expected.longer, 6);
    const note = lines.find((line) => line.includes("is drawn over"));
    expect(note).toContain(
      "The cosine schedule is drawn over 10 steps in place of 5: the learning rate goes from 0.000477 at step 5 to 0.0025 at step 6.",
    );
    const back = await train({}, "--resume");
    expect(errorOf(back)).toMatchObject({
      code: "bad-checkpoint",
      message: expect.stringContaining("max_steps 10, not 5"),
    });
  }, 300_000);

  test("with a constant rate it is bit for bit the longer run", async () => {
    const constant = { lr_scheduler_type: "constant", max_steps: 2 };
    expect((await train(constant)).code).toBe(0);
    expect((await train({ ...constant, max_steps: 4 }, "--resume")).code).toBe(0);
    const extended = await matrices();
    out = `${out}-whole`;
    expect((await train({ ...constant, max_steps: 4 })).code).toBe(0);
    expect(await matrices()).toEqual(extended);
  }, 300_000);
});
