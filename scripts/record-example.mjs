/**
 * Records what the welcome shows of the demo before anything is loaded: `node scripts/record-example.mjs DIR`. Trains in DIR as the page's
 * demo does, held-out rows measured more often and all of them answered, and writes src/app/example.json. A run that lies in DIR is taken.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const demo = path.join(root, "public/demo");
/** How often is looked: changes nothing of what is learned. */
const looks = { eval_strategy: "steps", eval_steps: 5, eval_answers: 64 };
/** Pictures on show: the first held-out rows that ask different things, whatever the answers are. */
const PICTURES = 4;

const json = (file) => JSON.parse(fs.readFileSync(file, "utf8"));
const lines = (file) =>
  fs
    .readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const hash = (file) => createHash("sha256").update(fs.readFileSync(file)).digest("hex");
const shortly = (value) => Number(value.toPrecision(4));

/** The rows of the sample data as the page takes them: without those that are kept for tests. */
function copySample(to) {
  fs.cpSync(path.join(demo, "data/images"), path.join(to, "images"), { recursive: true });
  fs.copyFileSync(path.join(demo, "data/metadata.jsonl"), path.join(to, "metadata.jsonl"));
}

function train(out, recipe) {
  const work = fs.mkdtempSync(path.join(path.dirname(path.resolve(out)), "example-"));
  try {
    copySample(path.join(work, "data"));
    fs.writeFileSync(path.join(work, "recipe.json"), JSON.stringify(recipe));
    const inputs = ["--model", path.join(demo, "model"), "--data", path.join(work, "data")];
    const args = ["train", ...inputs, "--recipe", path.join(work, "recipe.json"), "--out", out];
    const { status } = spawnSync(process.execPath, [path.join(root, "scripts/headless.mjs"), ...args], {
      stdio: "inherit",
    });
    if (status !== 0) process.exit(status ?? 1);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** Of an answer that is no sentence yet, its begin is enough. */
const MOST_LETTERS = 120;
const cut = (text) => (text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text);

function exampleOf(out, recipe) {
  const log = lines(path.join(out, "steps.jsonl"));
  const answers = lines(path.join(out, "answers.jsonl"));
  const sample = lines(path.join(demo, "data/metadata.jsonl"));
  const evaluations = log.filter((line) => "eval_loss" in line);
  const ofStep = (step) => answers.filter((line) => line.step === step);
  const rows = ofStep(0);
  const asked = new Set();
  const shown = rows.filter(({ question }) => !asked.has(question) && asked.add(question)).slice(0, PICTURES);
  return {
    made: {
      recipe,
      model: hash(path.join(demo, "model/model.safetensors")),
      data: hash(path.join(demo, "data/metadata.jsonl")),
    },
    rows: { trained: sample.length - evaluations[0].eval_rows, heldOut: evaluations[0].eval_rows },
    losses: log.filter((line) => "loss" in line).map(({ loss }) => shortly(loss)),
    evaluations: evaluations.map(({ step, eval_loss }) => ({
      step,
      loss: shortly(eval_loss),
      right: ofStep(step).filter(({ score }) => score >= 1).length,
      of: ofStep(step).length,
    })),
    pictures: shown.map(({ row, question, right_answers }) => ({
      file: sample[row].file_name,
      question,
      right: right_answers[0],
      answers: evaluations.map(({ step }) => {
        const { answer, score } = answers.find((line) => line.step === step && line.row === row);
        return { text: cut(answer), right: score >= 1 };
      }),
    })),
  };
}

const [out] = process.argv.slice(2);
if (!out) {
  process.stderr.write("Say where the run is to be made: node scripts/record-example.mjs DIR\n");
  process.exit(1);
}
const recipe = {
  ...json(path.join(demo, "recipe.json")),
  ...json(path.join(root, "src/stores/demo-run.json")),
  ...looks,
};
if (!fs.existsSync(path.join(out, "adapter_model.safetensors"))) train(out, recipe);
const file = path.join(root, "src/app/example.json");
fs.writeFileSync(file, `${JSON.stringify(exampleOf(out, recipe), null, 1)}\n`);
process.stdout.write(`${path.relative(root, file)}: ${fs.statSync(file).size} bytes\n`);
