/**
 * Which files of a folder hold its weights, by their names: model.safetensors, else the shards of its index, as in transformers; else
 * shards or one file whose names leave no doubt, with a note that says so.
 */
import { TabTuneError } from "../../errors.ts";
import { counted, listed } from "../../words.ts";
import { foreignWeights } from "./foreign-weights.ts";
import { type ModelFiles, missingFile } from "./source.ts";

const singleName = "model.safetensors";
const indexName = "model.safetensors.index.json";
/** The limit of the hub's own reader. */
const maxShards = 10_000;

export interface WeightFiles {
  /** Names, sorted. */
  files: string[];
  /** Tensor name -> file, where an index says it; else the files' own headers do. */
  weightMap?: Map<string, string>;
  /** What the user should know of the choice. */
  note?: string;
}

/** Throws TabTuneError "missing-file" naming what is not there, or "bad-safetensors" for a broken index. */
export async function weightFiles(files: ModelFiles): Promise<WeightFiles> {
  if (files.has(singleName)) return { files: [singleName] };
  if (files.has(indexName)) return indexed(files, indexName);
  // Of the folder itself: those further down are another model's, or another form of this one.
  const here = files.names().filter((name) => !name.includes("/"));
  const indexes = here.filter((name) => /\.safetensors\.index(\.[\w-]+)?\.json$/.test(name));
  if (indexes.length === 1) {
    return { ...(await indexed(files, indexes[0]!)), note: `${indexName} is missing: ${indexes[0]} is read instead.` };
  }
  const others = here.filter((name) => name.endsWith(".safetensors") && !/^(adapter_|consolidated)/.test(name));
  const sets = shardSets(others);
  const set = sets.find(({ prefix, suffix }) => prefix === "model" && suffix === "") ?? sets[0];
  if (set && (set.prefix === "model" || sets.length === 1)) return unindexed(set, files.label);
  if (others.length === 1) {
    return { files: others, note: `${singleName} is missing: the weights are read from ${others[0]}.` };
  }
  if (others.length > 1) {
    throw new TabTuneError(
      "missing-file",
      `${files.label} has neither ${singleName} nor ${indexName}, and which of its files hold the model is not known: ${listed(others)}.`,
      `Add ${indexName}, or leave only the model's own .safetensors file in the folder.`,
    );
  }
  throw foreignWeights(files) ?? missingFile(singleName, files.label);
}

async function indexed(files: ModelFiles, index: string): Promise<WeightFiles> {
  const weightMap = await readIndex(files, index);
  const shards = [...new Set(weightMap.values())].sort();
  const missing = shards.filter((shard) => !files.has(shard));
  if (missing.length > 0) throw missingShards(missing, shards.length, files.label);
  return { files: shards, weightMap };
}

interface ShardSet {
  prefix: string;
  suffix: string;
  /** As the names write it: "00002". */
  total: string;
  /** By number. */
  found: Map<number, string>;
}

/** Files that count themselves: model-00001-of-00002.safetensors, and the same of a variant. */
function shardSets(names: readonly string[]): ShardSet[] {
  const sets = new Map<string, ShardSet>();
  for (const name of names) {
    const match = /^(.+)-(\d{1,6})-of-(\d{1,6})((?:\.[\w-]+)?)\.safetensors$/.exec(name);
    if (!match) continue;
    const [, prefix, number, total, suffix] = match as unknown as [string, string, string, string, string];
    if (Number(number) < 1 || Number(number) > Number(total) || Number(total) > maxShards) continue;
    const key = `${prefix}/${total}/${suffix}`;
    const set = sets.get(key) ?? { prefix, suffix, total, found: new Map() };
    set.found.set(Number(number), name);
    sets.set(key, set);
  }
  return [...sets.values()];
}

function unindexed({ prefix, suffix, total, found }: ShardSet, label: string): WeightFiles {
  const count = Number(total);
  const missing: string[] = [];
  for (let n = 1; n <= count; n++) {
    if (found.has(n)) continue;
    missing.push(`${prefix}-${String(n).padStart(total.length, "0")}-of-${total}${suffix}.safetensors`);
  }
  if (missing.length > 0) throw missingShards(missing, count, label);
  const note = `${indexName} is missing: which tensor is where is read from the headers of ${counted(count, "shard")}.`;
  return { files: [...found.values()].sort(), note };
}

function missingShards(missing: string[], total: number, label: string): TabTuneError {
  if (total === 1) return missingFile(missing[0]!, label);
  return new TabTuneError(
    "missing-file",
    `${listed(missing)} ${missing.length === 1 ? "is" : "are"} missing in ${label}, which has ${total - missing.length} of the ${total} files of its weights.`,
    "Download what is missing into the same folder.",
  );
}

/** Tensor name -> shard file name. */
async function readIndex(files: ModelFiles, name: string): Promise<Map<string, string>> {
  const bad = (why: string) => new TabTuneError("bad-safetensors", `${name} ${why}.`, "Download this file again.");
  const index = await files.readJson(name);
  const weightMap =
    typeof index === "object" && index !== null ? (index as { weight_map?: unknown }).weight_map : undefined;
  if (typeof weightMap !== "object" || weightMap === null || Array.isArray(weightMap)) throw bad("has no weight_map");
  const entries = Object.entries(weightMap);
  for (const [tensor, shard] of entries) {
    if (typeof shard !== "string" || !/^[^/\\\0]+\.safetensors$/.test(shard)) {
      throw bad(
        `puts ${JSON.stringify(tensor)} into ${JSON.stringify(shard)}, which is no plain .safetensors file name`,
      );
    }
  }
  if (new Set(entries.map(([, shard]) => shard)).size > maxShards) throw bad(`names more than ${maxShards} files`);
  return new Map(entries as [string, string][]);
}
