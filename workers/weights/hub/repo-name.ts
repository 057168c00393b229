/** The name of a model on the hub as people write or paste it. */
import { TabTuneError } from "../../errors.ts";

export interface RepoName {
  /** owner/name */
  repo: string;
  /** Branch, tag or commit. */
  revision: string;
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
  if (path === undefined) return parseName(given, text);
  const [owner = "", name = "", view, ...rest] = path.split("/").filter((part) => part !== "");
  if (["datasets", "spaces", "collections", "papers"].includes(owner)) {
    throw new TabTuneError(
      "bad-argument",
      `"${shown(text)}" is not the address of a model: it lies under ${owner}.`,
      "Open the page of a model, and copy its address or its name.",
    );
  }
  const revision = revisionOf(view, rest);
  return parseName(`${owner}/${name}${revision ? `@${revision}` : ""}`, text);
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
  try {
    return decodeURIComponent(revision);
  } catch {
    return revision; // a stray %: refused as a name, with the text that was given
  }
}

function parseName(name: string, given: string): RepoName {
  const match = /^([\w.-]{1,96}\/[\w.-]{1,96})(?:@([\w./-]{1,100}))?$/.exec(name);
  if (!match || name.includes("..")) {
    throw new TabTuneError(
      "bad-argument",
      `"${shown(given)}" is not the name of a model on the hub.`,
      "Write owner/name or owner/name@revision, or paste the address of the model's page.",
    );
  }
  return { repo: match[1]!, revision: match[2] ?? "main" };
}

const shown = (text: string): string => text.slice(0, 100);
