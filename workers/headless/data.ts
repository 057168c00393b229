/** `--data`: what rows are read from, on this disk or on a hub, and how they are read. */
import path from "node:path";
import { bytesFor, factsOf } from "../data/hub/cost.ts";
import { type HubDataSet, lookUpDataSet } from "../data/hub/look-up.ts";
import { hubFiles } from "../data/hub/open.ts";
import { formatBytes } from "../data/rows/limits.ts";
import type { FirstRows, InputFile } from "../data/rows/read-rows.ts";
import type { RecordOptions } from "../data/rows/record.ts";
import { toReport } from "../errors.ts";
import { HUB, hubAddress } from "../hub/address.ts";
import type { HttpOptions } from "../hub/http.ts";
import { parseDataSet } from "../hub/repo-name.ts";
import type { FileCache } from "../storage/file-cache.ts";
import { openFsCache } from "../storage/fs-cache.ts";
import { counted } from "../words.ts";
import type { Arguments, Options } from "./arguments.ts";
import { cacheFolder, dataFiles, note } from "./open.ts";
import { readingOf, readingOptions } from "./reading.ts";
import { terminal } from "./terminal.ts";

/** The options of every command that reads rows. */
export const dataOptions = { data: "one", ...readingOptions, rows: "maybe" } as const satisfies Options;

interface Data {
  files: InputFile[];
  label: string;
  reading: RecordOptions;
  first?: FirstRows;
  /** What was told of where it comes from. */
  told: string[];
  /** Where it is one of a hub. */
  set?: HubDataSet;
}

/**
 * The data of a command line. What a hub is asked for is told on stderr before it moves: naming it is the consent. Throws TabTuneErrors
 * "bad-argument" and "missing-file", and those of `lookUpDataSet`.
 */
export async function dataOf(args: Arguments): Promise<Data> {
  const given = args.text("data");
  const rows = args.whole("rows", 1);
  const reading = await readingOf(args);
  if (!given.startsWith("hub:")) {
    return { ...(await dataFiles(given)), reading, ...(rows === undefined ? {} : { first: { rows } }), told: [] };
  }
  const endpoint = hubAddress(process.env.HF_ENDPOINT || HUB);
  const http: HttpOptions = {
    fetchFile: fetch,
    token: process.env.HF_TOKEN?.trim() ?? "",
    what: "data set",
    settings: { token: "in HF_TOKEN", address: "in HF_ENDPOINT" },
  };
  const set = await lookUpDataSet(parseDataSet(given.slice("hub:".length), endpoint), endpoint, http);
  const told = [wordsOf(set, rows), ...set.notes];
  told.forEach(note);
  const files = await hubFiles(set, { http, cache: await cacheOrNote(), tell: note, onFetched: tellNowAndThen() });
  return {
    files,
    label: set.label,
    reading,
    ...(rows === undefined ? {} : { first: { rows, of: set.rows } }),
    told,
    set,
  };
}

function wordsOf(set: HubDataSet, rows: number | undefined): string {
  const moved = bytesFor(set, rows);
  const moves =
    rows === undefined
      ? "all of it moves where it is not in the cache"
      : `the first ${counted(rows, "row")} take ${moved === undefined ? "a part of it" : `about ${formatBytes(moved)}`}`;
  return `${factsOf(set)}; ${moves}.`;
}

/** The terminal's line, or one on stderr every ten seconds, while bytes come: a large data set takes minutes. */
function tellNowAndThen(): (bytes: number) => void {
  let told = Date.now();
  let before = 0;
  return (bytes) => {
    terminal.show("Fetching from the hub", { done: bytes, as: formatBytes });
    if (terminal.live || Date.now() - told < 10_000 || bytes === before) return;
    told = Date.now();
    before = bytes;
    terminal.tell(`${formatBytes(bytes)} fetched from the hub`);
  };
}

/** Ranges of a hub lie beside what else commands keep; a folder that cannot be written costs the next command another download. */
async function cacheOrNote(): Promise<FileCache | undefined> {
  try {
    return await openFsCache(path.join(cacheFolder(), "hub-data"));
  } catch (error) {
    note(`what is read of the hub is not kept for the next command: ${toReport(error).message}`);
    return undefined;
  }
}
