/** Configurations of a data set and their splits: what a card says of them, else what the paths of its Parquet files say. */
import type { Listed } from "../../hub/listing.ts";
import { isJsonObject } from "../../json.ts";
import { globPattern, splitsByName } from "./patterns.ts";

export interface Config {
  name: string;
  /** The card calls it so. */
  isDefault: boolean;
  /** Parquet files by split, each list in order of path; empty where the configuration has none. */
  splits: Map<string, Listed[]>;
  /** Splits of which the hub has converted a part only. */
  partial: Set<string>;
}

const config = (name: string, splits: Map<string, Listed[]>, isDefault = false): Config => ({
  name,
  isDefault,
  splits,
  partial: new Set(),
});

/** The Parquet files of a repository, hidden ones and special folders (__x) left out, by path. */
export const parquetFiles = (files: readonly Listed[]): Listed[] =>
  files
    .filter(({ name }) => /\.parquet$/i.test(name) && !/(^|\/)(\.|__[^/]*\/)/.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

/** As `datasets` has them: those of the card's `configs`, else one for each folder that `push_to_hub` wrote, else one for all. */
export function ownConfigs(files: readonly Listed[], card: Record<string, unknown>): Config[] {
  const parquet = parquetFiles(files);
  const declared = listOf(card.configs).filter(isJsonObject);
  if (declared.length > 0) {
    return declared.map((entry) =>
      config(textOf(entry.config_name) ?? "default", splitsOf(entry, parquet), entry.default === true),
    );
  }
  const folders = parquet.map(({ name }) => /^([^/]+)\/\w[\w.]*-\d{5}-of-\d{5}[^/]*$/.exec(name)?.[1]);
  if (folders.every((folder) => folder !== undefined && folder !== "data")) {
    return [...new Set(folders)].map((folder) => config(folder!, byName(parquet, `${folder}/`, true)));
  }
  return [config("default", byName(parquet, ""))];
}

/** Those of refs/convert/parquet: config/split/0000.parquet, or config/partial-split/0000.parquet. */
export function convertedConfigs(files: readonly Listed[]): Config[] {
  const configs = new Map<string, Config>();
  for (const file of parquetFiles(files)) {
    const [, name, partial, split] = /^(.+)\/(partial-)?([^/]+)\/\d+\.parquet$/.exec(file.name) ?? [];
    if (name === undefined || split === undefined) continue;
    const found = configs.get(name) ?? config(name, new Map());
    found.splits.set(split, [...(found.splits.get(split) ?? []), file]);
    if (partial) found.partial.add(split);
    configs.set(name, found);
  }
  return [...configs.values()];
}

/** An entry of the card's `configs`: data_files as a pattern, a list of them, or patterns for each split; data_dir in front. */
function splitsOf(
  { data_files, data_dir }: Record<string, unknown>,
  parquet: readonly Listed[],
): Map<string, Listed[]> {
  const folder = (textOf(data_dir) ?? "").replace(/^(\.?\/)+|\/+$/g, "");
  const inside = folder === "" ? "" : `${folder}/`;
  if (data_files === undefined || data_files === null) return byName(parquet, inside);
  const matching = (patterns: unknown): Listed[] => {
    const regexes = listOf(patterns).flatMap((glob) => (typeof glob === "string" ? [globPattern(inside + glob)] : []));
    return parquet.filter(({ name }) => regexes.some((regex) => regex.test(name)));
  };
  const entries = isJsonObject(data_files)
    ? Object.entries(data_files)
    : listOf(data_files)
        .filter(isJsonObject)
        .map(({ split, path }) => [textOf(split) ?? "train", path] as const);
  const all = entries.length > 0 ? entries : [["train", data_files] as const];
  const splits = all.map(([split, patterns]) => [split, matching(patterns)] as const);
  return new Map(splits.filter(([, found]) => found.length > 0));
}

/** Of the files under `folder`; `sharded`: named as in a folder "data". */
function byName(parquet: readonly Listed[], folder: string, sharded = false): Map<string, Listed[]> {
  const under = sharded ? "data/" : "";
  const byPath = new Map(
    parquet
      .filter(({ name }) => name.startsWith(folder))
      .map((file) => [under + file.name.slice(folder.length), file] as const),
  );
  const splits = splitsByName([...byPath.keys()]);
  return new Map([...splits].map(([split, paths]) => [split, paths.map((path) => byPath.get(path)!)]));
}

/** Rows of a split as the card's `dataset_info` counts them; undefined where it does not. */
export function rowsOnCard(card: Record<string, unknown>, config: string, split: string): number | undefined {
  const infos = listOf(card.dataset_info).filter(isJsonObject);
  const info = infos.find(({ config_name: name }) => (textOf(name) ?? "default") === config);
  const counted = listOf(info?.splits)
    .filter(isJsonObject)
    .find(({ name }) => name === split)?.num_examples;
  return typeof counted === "number" && Number.isSafeInteger(counted) && counted >= 0 ? counted : undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const listOf = (value: unknown): unknown[] => (value === undefined || value === null ? [] : [value].flat());
