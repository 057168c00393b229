/** What may lie in a browser after one run on one data set: nothing is missing, and nothing else is there. */
import type { DatasetManifest } from "../../workers/data/shards/manifest.ts";
import type { EvaluationRecord, StepRecord } from "../../workers/training/events.ts";
import { chunkKey, infoKey, latestKey, logPrefix, type Manifest } from "../../workers/training/saved/format.ts";
import type { Stored } from "./stored.ts";

export interface Expected {
  /** Steps of the run, which is done. */
  steps: number;
  /** Those after which held-out rows are measured, 0 among them. */
  evaluated: number[];
  /** Held-out rows that are answered. */
  answers: number;
  /** `save_total_limit`. */
  generations: number;
}

const REMEMBERED = ["tabtune-language", "tabtune-pace", "tabtune-runs-kept", "tabtune-session", "tabtune-speed"];
const FILES = "tabtune-weights/";

/** Each thing that is there and should not be, or the other way round, in words; empty where all is as it should be. */
export function strays(stored: Stored, expected: Expected): string[] {
  const look = new Look(stored);
  const only = (kind: string): string | undefined => {
    const ids = new Set(look.keys(new RegExp(`^${kind}/`)).map((key) => key.split("/")[1]!));
    if (ids.size !== 1) look.found.push(`${ids.size} of ${kind}/, not 1`);
    return [...ids][0];
  };
  const [dataset, run] = [only("dataset"), only("run")];
  if (dataset) lookAtData(look, dataset);
  if (run) lookAtRun(look, run, expected);
  only("self-test");
  look.allow(look.keys(/^self-test\//));
  return [...look.found, ...look.unknown(), ...beside(stored)];
}

/** The entries of a database as they are accounted for, one after the other. */
class Look {
  readonly found: string[] = [];
  readonly #stored: Stored;
  readonly #known = new Set<string>();

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  keys(pattern: RegExp): string[] {
    return [...this.#stored.entries.keys()].filter((key) => pattern.test(key)).sort();
  }

  allow(keys: readonly string[]): void {
    for (const key of keys) this.#known.add(key);
  }

  /** What has to be there. */
  need(key: string): { bytes: number; sha256: string; json?: unknown } | undefined {
    this.#known.add(key);
    const entry = this.#stored.entries.get(key);
    if (!entry) this.found.push(`${key} is missing`);
    return entry;
  }

  /** What a sealed record says that has to be there. */
  json<T>(key: string): T | undefined {
    const entry = this.need(key);
    if (entry && entry.json === undefined) this.found.push(`${key} is damaged`);
    return entry?.json as T | undefined;
  }

  unknown(): string[] {
    return this.keys(/^/)
      .filter((key) => !this.#known.has(key))
      .map((key) => `${key} belongs to nothing`);
  }
}

function lookAtData(look: Look, id: string): void {
  const at = `dataset/${id}`;
  const manifest = look.json<DatasetManifest>(`${at}/manifest`);
  look.need(`${at}/contents`);
  for (const n of manifest?.shards.keys() ?? [])
    for (const kind of ["shard", "sources"]) look.need(`${at}/${kind}/${n}`);
  for (const n of manifest?.index?.blocks.keys() ?? []) look.need(`${at}/index/${n}`);
  const features = look.keys(/^dataset\/[^/]+\/features\/[^/]+\/[0-9a-f]{64}$/);
  look.allow(features);
  // Every row of the demo has one picture, which is one tile.
  if (manifest && features.length > manifest.rows)
    look.found.push(`${features.length} features of ${manifest.rows} tiles`);
  if (new Set(features.map((key) => key.split("/")[3])).size > 1) look.found.push("features of several models");
}

function lookAtRun(look: Look, id: string, expected: Expected): void {
  const at = `run/${id}`;
  const info = look.json<{ status: string }>(infoKey(id));
  if (info && info.status !== "done") look.found.push(`the run is ${info.status}, not done`);
  look.json(`${at}/held-out`);
  const evaluations = look.json<EvaluationRecord[]>(`${at}/evaluations`) ?? [];
  const measured = evaluations.map(({ step }) => step).join();
  if (measured !== expected.evaluated.join())
    look.found.push(`evaluations of steps ${measured}, not ${expected.evaluated.join()}`);
  if (expected.answers > 0) {
    look.json(`${at}/answers/rows`);
    for (let n = 0; n < expected.answers; n++) look.need(`${at}/answers/picture/${n}`);
    for (const step of expected.evaluated) look.json(`${at}/answers/step/${String(step).padStart(10, "0")}`);
  }
  const steps: number[] = [];
  for (const key of look.keys(new RegExp(`^${logPrefix(id)}\\d{9}$`)))
    steps.push(...(look.json<StepRecord[]>(key) ?? []).map(({ step }) => step));
  if (steps.length !== expected.steps || steps.some((step, i) => step !== i + 1))
    look.found.push(`the log has ${steps.length} steps that are not 1 to ${expected.steps}`);
  lookAtGenerations(look, id, expected, evaluations);
}

/** The newest, as many as the recipe keeps, and that of the best evaluation besides; each with the chunks that its manifest names. */
function lookAtGenerations(look: Look, id: string, expected: Expected, evaluations: readonly EvaluationRecord[]): void {
  const latest = look.json<{ generation: number }>(latestKey(id))?.generation;
  const manifests = look
    .keys(/^run\/[^/]+\/gen\/\d{9}\/manifest$/)
    .map((key) => look.json<Manifest>(key))
    .filter((manifest) => manifest !== undefined);
  const newest = manifests.at(-1);
  if (newest?.generation !== latest) look.found.push(`latest is ${latest}, the newest is ${newest?.generation}`);
  if (newest?.step !== expected.steps) look.found.push(`the newest generation is of step ${newest?.step}`);
  if (manifests.length < expected.generations) look.found.push(`${manifests.length} generations are kept`);
  const trained = evaluations.filter(({ step }) => step > 0);
  const best = trained.find(({ loss }) => loss === Math.min(...trained.map((evaluation) => evaluation.loss)))?.step;
  if (!manifests.some(({ step }) => step === best))
    look.found.push(`the generation of the best step, ${best}, is missing`);
  for (const { step } of manifests.slice(0, -expected.generations))
    if (step !== best) look.found.push(`the generation of step ${step} was to go`);
  for (const { generation, chunks } of manifests)
    chunks.forEach(({ bytes, sha256 }, n) => {
      const chunk = look.need(chunkKey(id, generation, n));
      if (chunk && (chunk.bytes !== bytes || chunk.sha256 !== sha256))
        look.found.push(`${chunkKey(id, generation, n)} is damaged`);
    });
}

/** What lies beside the database. */
function beside({ databases, files, caches, remembered }: Stored): string[] {
  const paths = [...files.keys()];
  const models = new Set(paths.filter((path) => path.startsWith(FILES)).map((path) => path.split(/\/|%2f/)[1]));
  return [
    ...databases.filter((name) => name !== "tabtune").map((name) => `the database ${name}`),
    ...paths.filter((path) => !path.startsWith(FILES)).map((path) => `the file ${path}`),
    ...(models.size === 1 ? [] : [`files of ${models.size} models, not 1`]),
    ...caches.map((name) => `the cache ${name}`),
    ...remembered.filter((name) => !REMEMBERED.includes(name)).map((name) => `localStorage ${name}`),
  ];
}
