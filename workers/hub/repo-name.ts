/** The name of a model or a data set on the hub as people write or paste it. */
import { TabTuneError } from "../errors.ts";

export interface RepoName {
  /** owner/name */
  repo: string;
  /** Branch, tag or commit. */
  revision: string;
}

export interface DataSetName extends RepoName {
  /** Of its configurations, and of that one's splits; undefined where nothing is said. */
  config?: string;
  split?: string;
}

/** The hub under all its names. */
const HUB = /^(https?:\/\/)?((www\.)?huggingface\.co|hf\.co)(?=\/)/i;

/**
 * "owner/name", "owner/name@revision", or the address of the model's page at the hub or at `endpoint`, whatever part of it is open
 * (/tree/main, /blob/main/config.json, /discussions). Throws TabTuneError "bad-argument".
 */
export function parseRepo(text: string, endpoint = ""): RepoName {
  const given = text.trim();
  const path = pathAt(given, endpoint.trim().replace(/\/+$/, ""));
  if (path === undefined) return parseName(given, text, "model");
  const [owner = "", name = "", view, ...rest] = path.split("/").filter((part) => part !== "");
  if (["datasets", "spaces", "collections", "papers"].includes(owner)) {
    throw new TabTuneError(
      "bad-argument",
      `"${shown(text)}" is not the address of a model: it lies under ${owner}.`,
      "Open the page of a model, and copy its address or its name.",
    );
  }
  const revision = revisionOf(view, rest);
  return parseName(`${owner}/${name}${revision ? `@${revision}` : ""}`, text, "model");
}

/**
 * "owner/name[@revision][:config[/split]]", or the address of the data set's page at the hub or at `endpoint`, that of its viewer
 * (/viewer/config/split) included. Throws TabTuneError "bad-argument".
 */
export function parseDataSet(text: string, endpoint = ""): DataSetName {
  const given = text.trim();
  const path = pathAt(given, endpoint.trim().replace(/\/+$/, ""));
  if (path === undefined) {
    const [, name = "", config, split] = /^([^:]*)(?::([^/]*)(?:\/(.*))?)?$/s.exec(given) ?? [];
    return { ...parseName(name, text, "data set"), ...partOf(config, split, text) };
  }
  const [room, owner = "", name = "", view, ...rest] = path.split("/").filter((part) => part !== "");
  if (room !== "datasets") {
    throw new TabTuneError(
      "bad-argument",
      `"${shown(text)}" is not the address of a data set: it does not lie under datasets.`,
      "Open the page of a data set, and copy its address or its name.",
    );
  }
  const revision = revisionOf(view, rest);
  const [config, split] = view === "viewer" ? rest.map(decoded) : [];
  return {
    ...parseName(`${owner}/${name}${revision ? `@${revision}` : ""}`, text, "data set"),
    ...partOf(config, split, text),
  };
}

/** Configurations and splits under the names that the hub allows them. */
function partOf(
  config: string | undefined,
  split: string | undefined,
  text: string,
): Pick<DataSetName, "config" | "split"> {
  const isFit =
    (config === undefined || /^[^<>:/\\|?*]{1,200}$/.test(config)) &&
    (split === undefined || /^\w[\w.-]{0,100}$/.test(split));
  if (!isFit) throw noName(text, "data set");
  return { ...(config === undefined ? {} : { config }), ...(split === undefined ? {} : { split }) };
}

/** What follows the hub's address, without query and fragment; undefined for what is no address of it. */
function pathAt(given: string, endpoint: string): string | undefined {
  const clean = given.replace(/[?#].*$/, "");
  if (endpoint && clean.startsWith(`${endpoint}/`)) return clean.slice(endpoint.length);
  const hub = HUB.exec(clean);
  if (hub) return clean.slice(hub[0].length);
  const other = /^https?:\/\/[^/]*/i.exec(clean);
  if (!other) return undefined;
  throw new TabTuneError(
    "bad-argument",
    `"${shown(given)}" is an address at ${other[0]}, which is not the hub of the settings.`,
    "Write owner/name, and put the address of another hub into Hub settings.",
  );
}

/** Of a page's address: a folder's may be a branch with slashes in it, as the hub writes it; a file's has its path behind. */
function revisionOf(view: string | undefined, [revision = ""]: string[]): string {
  if (!["tree", "blob", "resolve", "raw", "commit", "commits"].includes(view ?? "")) return "";
  return decoded(revision);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a stray %: refused as a name, with the text that was given
  }
}

function parseName(name: string, given: string, what: "model" | "data set"): RepoName {
  const match = /^([\w.-]{1,96}\/[\w.-]{1,96})(?:@([\w./-]{1,100}))?$/.exec(name);
  if (!match || name.includes("..")) throw noName(given, what);
  return { repo: match[1]!, revision: match[2] ?? "main" };
}

const noName = (given: string, what: "model" | "data set"): TabTuneError =>
  new TabTuneError(
    "bad-argument",
    `"${shown(given)}" is not the name of a ${what} on the hub.`,
    what === "model"
      ? "Write owner/name or owner/name@revision, or paste the address of the model's page."
      : "Write owner/name, owner/name@revision or owner/name:config/split, or paste the address of the data set's page.",
  );

const shown = (text: string): string => text.slice(0, 100);
