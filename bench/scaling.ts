/**
 * What the same training takes in a tab, on a server's GPU, on eight and on a cluster, by the cost model that plans runs: the tables of
 * docs/scaling.md. `node scripts/run-ts.mjs /bench/scaling.ts` writes them, a test holds page and cost model together. No figure of a
 * machine without a source, which the page names.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { SPEEDS } from "../src/page/card-speeds.ts";
import { sharesOf, wireOf } from "../workers/handover/scale.ts";
import { pictureSettingsOf } from "../workers/models/family.ts";
import { configOf, modelOf, publishedPictures, publishedTensors } from "../workers/models/published.ts";
import { parseRecipe } from "../workers/recipe.ts";
import { onModel } from "../workers/training/plan.ts";
import { dtypeBytes, elementsOf } from "../workers/weights/formats/dtype.ts";
import { betweenMarks } from "./marks.ts";

const PAGE = fileURLToPath(new URL("../docs/scaling.md", import.meta.url));

const MODELS = [
  ["SmolVLM-256M, pictures whole", "HuggingFaceTB/SmolVLM-256M-Instruct", { do_image_splitting: false }],
  ["tiny-llava", "bczhou/tiny-llava-v1-hf", {}],
  ["LLaVA-1.5 7B", "llava-hf/llava-1.5-7b-hf", {}],
] as const;

/** Work a second. Of tabs by what is executed, of servers by what an ideal step takes. */
const TABS: readonly [string, number][] = [
  ["tab, Intel Iris Xe", SPEEDS["Intel Iris Xe"]],
  ["tab, Apple M2", SPEEDS["Apple M2"]],
  ["tab, GeForce RTX 4060", SPEEDS["GeForce RTX 4060"]],
];
const SERVER = 65e12;
/** Bytes a second that a process sends: to its neighbour in the machine, and of a machine's network to the next one. */
const [IN_MACHINE, BETWEEN] = [200e9, 12.5e9];
const GPUS_OF_A_MACHINE = 8;
/** Where, processes, rows of a step. */
const SERVERS: readonly [string, number, number][] = [
  ["one GPU", 1, 8],
  ["8 GPUs", 8, 8],
  ["8 GPUs", 8, 64],
  ["64 GPUs", 64, 64],
  ["64 GPUs", 64, 512],
];
/** The seed report's, and a set of some size; bytes of a row as the stand-in of docs/measured.md has them. */
const [FEW_ROWS, MANY_ROWS] = [4000, 100_000];
const ROW_BYTES = 6.2e9 / 50_000;

export interface Place {
  where: string;
  processes: number;
  rowsPerStep: number;
  rowsOnEach: number;
  bytesOnEach: number;
  stepSeconds: number;
  tokensPerSecond: number;
  reducedBytes: number;
}

export interface ModelScale {
  model: string;
  rowTokens: number;
  trainable: number;
  checkpointBytes: number;
  places: Place[];
}

function planOf(repo: string, changes: Record<string, unknown>, rows: number) {
  const recipe = parseRecipe({ ...changes, per_device_train_batch_size: rows });
  const config = configOf(repo);
  const pictures = publishedPictures(repo, pictureSettingsOf(recipe));
  const preparation = { vocab: modelOf(repo).vocab };
  return onModel({ config, pictures, checkpoint: { tensors: publishedTensors(repo) }, preparation }, recipe).planOf();
}

const reduceSeconds = (bytes: number, processes: number): number =>
  bytes / (processes > GPUS_OF_A_MACHINE ? BETWEEN : IN_MACHINE);

function placesOf(repo: string, changes: Record<string, unknown>): Place[] {
  const place = (where: string, processes: number, rows: number, secondsOf: (plan: Plan) => number): Place => {
    const recipe = parseRecipe({ per_device_train_batch_size: rows });
    const { mostRows } = sharesOf(recipe, processes);
    const plan = planOf(repo, changes, mostRows);
    const { reducedBytes } = wireOf(plan.memory.trainableParameters, processes);
    const stepSeconds = secondsOf(plan) + reduceSeconds(reducedBytes, processes);
    const tokensPerSecond = (rows * plan.rowTokens) / stepSeconds;
    const bytesOnEach = plan.memory.totalBytes;
    return {
      ...{ where, processes, rowsPerStep: rows, rowsOnEach: mostRows, bytesOnEach, stepSeconds },
      tokensPerSecond,
      reducedBytes,
    };
  };
  return [
    ...TABS.map(([where, speed]) => place(where, 1, 8, ({ flops }) => flops.executed / speed)),
    ...SERVERS.map(([where, processes, rows]) => place(where, processes, rows, ({ flops }) => flops.ideal / SERVER)),
  ];
}

type Plan = ReturnType<typeof planOf>;

export const scales = (): ModelScale[] =>
  MODELS.map(([model, repo, changes]) => {
    const { memory, rowTokens } = planOf(repo, changes, 1);
    const checkpointBytes = [...publishedTensors(repo).values()].reduce(
      (sum, { dtype, shape }) => sum + dtypeBytes[dtype] * elementsOf(shape),
      0,
    );
    const places = placesOf(repo, changes);
    return { model, rowTokens, trainable: memory.trainableParameters, checkpointBytes, places };
  });

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(3)} GB`;
const megabytes = (bytes: number): string =>
  bytes === 0 ? "none" : bytes < 1e9 ? `${(bytes / 1e6).toPrecision(3)} MB` : gigabytes(bytes);
const seconds = (s: number): string => `${s < 100 ? s.toPrecision(2) : Math.round(s)} s`;
const duration = (s: number): string => {
  if (s < 120) return seconds(s);
  const h = s / 3600;
  if (h < 0.5) return `${Math.round(s / 60)} min`;
  return `${h < 100 ? h.toPrecision(2) : Math.round(h).toLocaleString("en")} h`;
};
const row = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;

/** Steps of an epoch: what `stepsPerEpoch` gives for whole batches. */
const epoch = (rows: number, { rowsPerStep, stepSeconds }: Place): string =>
  duration(Math.ceil(rows / rowsPerStep) * stepSeconds);

export function scalingText(all: readonly ModelScale[]): string {
  const timeTables = all.flatMap(({ model, rowTokens, places }) => [
    `**${model}**, rows of ${rowTokens} tokens`,
    "",
    row([
      "where",
      "rows a step",
      "rows on each",
      "memory on each",
      "a step",
      "tokens a second",
      `${FEW_ROWS.toLocaleString("en")} rows`,
      `${MANY_ROWS.toLocaleString("en")} rows`,
    ]),
    row(["---", ...Array(7).fill("---:")]),
    ...places.map((p) =>
      row([
        ...[p.where, p.rowsPerStep, p.rowsOnEach, gigabytes(p.bytesOnEach), seconds(p.stepSeconds)],
        ...[Number(p.tokensPerSecond.toPrecision(2)).toLocaleString("en"), epoch(FEW_ROWS, p), epoch(MANY_ROWS, p)],
      ]),
    ),
    "",
  ]);
  const wire = all.map(({ model, trainable, checkpointBytes }) => {
    const { adapterBytes, momentBytes } = wireOf(trainable, 1);
    const reduced = (n: number) => megabytes(wireOf(trainable, n).reducedBytes);
    return row([
      ...[model, megabytes(checkpointBytes), `${megabytes(FEW_ROWS * ROW_BYTES)}, ${megabytes(MANY_ROWS * ROW_BYTES)}`],
      ...[megabytes(adapterBytes), megabytes(momentBytes), reduced(8), reduced(64)],
    ]);
  });
  return [
    ...timeTables,
    row([
      "model",
      "base, to the server",
      `${FEW_ROWS.toLocaleString("en")} and ${MANY_ROWS.toLocaleString("en")} rows, to the server`,
      "adapter, either way",
      "moments, where a run goes on",
      "sent by each of 8 in a step",
      "of 64",
    ]),
    row(["---", ...Array(6).fill("---:")]),
    ...wire,
  ].join("\n");
}

export async function main(): Promise<number> {
  await writeFile(PAGE, betweenMarks(await readFile(PAGE, "utf8"), "scaling", scalingText(scales())));
  return 0;
}
