/**
 * A data set of a hub by its name: which commit, which configuration and split, which Parquet files and of what size. Names and sizes
 * alone are asked for; no byte of a file moves.
 */
import { TabTuneError } from "../../errors.ts";
import type { HttpOptions } from "../../hub/http.ts";
import { askListing, type Listed, type Listing } from "../../hub/listing.ts";
import type { DataSetName } from "../../hub/repo-name.ts";
import { counted, listed } from "../../words.ts";
import { type Config, convertedConfigs, ownConfigs, parquetFiles, rowsOnCard } from "./parts.ts";

/** Plain data, without a token: the same files of the same commit whenever it is read. */
export interface HubDataSet {
  endpoint: string;
  /** owner/name */
  repo: string;
  /** Of the files; of the hub's conversion where those are read. */
  commit: string;
  config: string;
  split: string;
  /** As people call it: the repository, and what else tells this part from its others. */
  label: string;
  licence: string;
  files: Listed[];
  bytes: number;
  /** As the card counts them; absent where it does not. */
  rows?: number;
  /** What was chosen, guessed or left aside, one sentence each. */
  notes: string[];
}

/** The branch that the hub's own conversion to Parquet writes. */
const CONVERTED = "refs/convert/parquet";

/**
 * Looks up `name` at the hub. Throws TabTuneErrors: "network", "no-access" and "missing-file" as the hub answers, "bad-argument" for a
 * configuration or a split that is not there or must be chosen, "no-rows" where there is no Parquet file.
 */
export async function lookUpDataSet(name: DataSetName, endpoint: string, http: HttpOptions): Promise<HubDataSet> {
  const place = { repo: name.repo, revision: name.revision, endpoint };
  const asked = name.revision === "main" ? name.repo : `${name.repo}@${name.revision}`;
  const listing = await askListing("datasets", place, asked, http);
  const notes: string[] = [];
  if (listing.repo !== name.repo) notes.push(`${name.repo} is called ${listing.repo} at the hub.`);
  if (listing.gated && http.token === "")
    notes.push("It is gated: reading it takes an access token of an account that has accepted its terms.");
  const isConverted = name.revision === CONVERTED;
  const own = isConverted ? convertedConfigs(listing.files) : ownConfigs(listing.files, listing.card);
  const found = hasFiles(own, name)
    ? { listing, configs: own }
    : await conversion(listing, name, { place: { ...place, repo: listing.repo }, http, notes });
  const { config, split, files } = chosen(found.configs, name, asked, notes);
  const taken = new Set(found.configs.flatMap(({ splits }) => [...splits.values()].flat()));
  const rest = parquetFiles(found.listing.files).filter((file) => !taken.has(file)).length;
  if (rest > 0)
    notes.push(`${counted(rest, "Parquet file")} of it ${rest === 1 ? "is" : "are"} in no split and not read.`);
  const rows = config.partial.has(split) ? undefined : rowsOnCard(listing.card, config.name, split);
  const isPlain = found.configs.length === 1 && split === "train";
  const label = `${asked.replace(name.repo, listing.repo)}${isPlain ? "" : `:${config.name}/${split}`}`;
  return {
    endpoint,
    repo: listing.repo,
    commit: found.listing.commit,
    config: config.name,
    split,
    label,
    licence: listing.licence,
    files,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    ...(rows === undefined ? {} : { rows }),
    notes,
  };
}

/** Whether the repository has Parquet files of its own in what is asked for, or in anything where nothing is. */
const hasFiles = (configs: readonly Config[], { config }: DataSetName): boolean =>
  configs.some(({ name, splits }) => splits.size > 0 && (config === undefined || name === config)) ||
  // A name that is in none of them is refused with those that are there.
  (configs.some(({ splits }) => splits.size > 0) && !configs.some(({ name }) => name === config));

/** What the hub has converted of a repository that has no Parquet files itself. */
async function conversion(
  listing: Listing,
  { revision }: DataSetName,
  { place, http, notes }: { place: { repo: string; endpoint: string }; http: HttpOptions; notes: string[] },
): Promise<{ listing: Listing; configs: Config[] }> {
  const { repo, files } = listing;
  const has = files.length > 0 ? `it has ${kindsOf(files)}` : "it has no files";
  // The hub converts what is in main.
  if (revision !== "main") throw noParquet(`${repo}@${revision}`, has);
  let converted: Listing;
  try {
    converted = await askListing("datasets", { ...place, revision: CONVERTED }, `${repo}@${CONVERTED}`, http);
  } catch (error) {
    if (!(error instanceof TabTuneError) || error.code !== "missing-file") throw error;
    throw noParquet(repo, `${has}, and the hub has not converted it`, error);
  }
  const configs = convertedConfigs(converted.files);
  if (configs.length === 0) throw noParquet(repo, `${has}, and the hub has not converted it`);
  notes.push(`${repo} has no Parquet files of its own: those that the hub has made of it (${CONVERTED}) are read.`);
  return { listing: converted, configs };
}

const noParquet = (repo: string, has: string, cause?: unknown): TabTuneError =>
  new TabTuneError(
    "no-rows",
    `${repo} has no Parquet files: ${has}.`,
    "Download the data set and drop its files, or choose one that has Parquet files.",
    "",
    { cause },
  );

/** "12 .jpg files, 2 .json files": most frequent first. */
function kindsOf(files: readonly Listed[]): string {
  const kinds = new Map<string, number>();
  for (const { name } of files) {
    const kind = /\.[a-z0-9]+$/i.exec(name)?.[0].toLowerCase() ?? "other";
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const most = [...kinds].sort(([, a], [, b]) => b - a);
  return listed(
    most.map(([kind, n]) => counted(n, `${kind} file`)),
    4,
  );
}

/** The configuration and the split that are asked for, else those that go without saying. */
function chosen(
  configs: readonly Config[],
  name: DataSetName,
  label: string,
  notes: string[],
): { config: Config; split: string; files: Listed[] } {
  const refuse = (what: string, names: string[], example: string): never => {
    throw new TabTuneError(
      "bad-argument",
      `${label} ${what}: ${listed(names, 20)}.`,
      `Write one of them behind the name, such as ${example}.`,
    );
  };
  const readable = configs.filter(({ splits }) => splits.size > 0);
  const names = readable.map((config) => config.name);
  const config =
    name.config === undefined
      ? ((readable.length === 1 ? readable[0] : undefined) ??
        readable.find(({ isDefault }) => isDefault) ??
        readable.find((one) => one.name === "default") ??
        refuse("has several configurations, and none is its default", names, `${name.repo}:${names[0]}`))
      : (readable.find((one) => one.name === name.config) ??
        refuse(`has no configuration "${name.config}"; it has`, names, `${name.repo}:${names[0]}`));
  const splits = [...config.splits.keys()];
  const split =
    name.split ??
    ["train", splits.length === 1 ? splits[0]! : ""].find((one) => config.splits.has(one)) ??
    refuse(`has no split "train", and several others`, splits, `${name.repo}:${config.name}/${splits[0]}`);
  const files =
    config.splits.get(split) ??
    refuse(`has no split "${split}"; it has`, splits, `${name.repo}:${config.name}/${splits[0]}`);
  const otherConfigs = configs.map((one) => one.name).filter((one) => one !== config.name);
  if (name.config === undefined && otherConfigs.length > 0)
    notes.push(`Its configuration ${config.name} is read, and not ${listed(otherConfigs, 8)}.`);
  const otherSplits = splits.filter((one) => one !== split);
  if (otherSplits.length > 0) notes.push(`Its split ${split} is read, and not ${listed(otherSplits, 8)}.`);
  else if (name.split === undefined && split !== "train") notes.push(`It has one split, ${split}, which is read.`);
  if (config.partial.has(split)) notes.push(`The hub has converted only the first part of its split ${split}.`);
  return { config, split, files };
}
