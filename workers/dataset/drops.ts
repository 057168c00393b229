/** From what the page names to files that rows are read from: dropped ones, the sample data, a data set of a hub. */
import { embeddedFiles } from "../data/embedded.ts";
import { factsOf } from "../data/hub/cost.ts";
import { keptBytes } from "../data/hub/kept-ranges.ts";
import { lookUpDataSet } from "../data/hub/look-up.ts";
import { hubFiles, placeOf } from "../data/hub/open.ts";
import { withSigns } from "../data/hub/signs.ts";
import type { Drop } from "../data/shards/read-drop.ts";
import { toReport } from "../errors.ts";
import { hubAddress } from "../hub/address.ts";
import { ASKING_DELAYS_MS, type HttpOptions } from "../hub/http.ts";
import { parseDataSet } from "../hub/repo-name.ts";
import type { DatasetSource, HubOffer, HubSource } from "../protocol/dataset.ts";
import { rangeCache } from "./state.ts";

/** `onFetched` hears of what comes from a hub, and is called each second while it waits for one. */
export async function dropOf(source: DatasetSource, onFetched: (detail: string) => void): Promise<Drop> {
  if (source.kind === "files") return source;
  if (source.kind === "hub") return hubDrop(source, onFetched);
  const files = await embeddedFiles("data", (name) => !name.startsWith("heldout") && !/README|recipe\.json/.test(name));
  return { label: "the sample data", files };
}

// The global fetch must be called as a function of the global object.
const fetchFile: typeof fetch = (...request) => fetch(...request);

async function hubDrop(
  { set, rows, token, label, reading = {} }: HubSource,
  onFetched: (detail: string) => void,
): Promise<Drop> {
  const told = [`${factsOf(set)}.`, ...set.notes];
  const cache = await rangeCache().catch((error: unknown) => {
    told.push(`What is read of ${label} is not kept in this browser: ${toReport(error).message}`);
    return undefined;
  });
  const files = await hubFiles(set, {
    http: { fetchFile, token },
    cache,
    tell: (words) => told.push(words),
    onFetched: (bytes) => onFetched(`${(bytes / 1e6).toFixed(1)} MB fetched from the hub`),
  });
  const first = rows === undefined ? {} : { first: { rows, of: set.rows } };
  return { label, files, reading, ...first, notes: () => told };
}

/** Asks a hub what a data set holds. Throws as `parseDataSet` and `lookUpDataSet`; `onWait` is called each second. */
export async function lookUp(
  name: string,
  { endpoint, token }: { endpoint: string; token: string },
  onWait: () => void,
): Promise<HubOffer> {
  return withSigns(onWait, async () => {
    const address = hubAddress(endpoint);
    const http: HttpOptions = { fetchFile, token, what: "data set", hasCached: () => false };
    const asking = { ...http, retryDelaysMs: ASKING_DELAYS_MS };
    const set = await lookUpDataSet(parseDataSet(name, address), address, asking);
    const cache = await rangeCache().catch(() => undefined); // told when it is read
    return { set, keptBytes: cache ? await keptBytes(cache, placeOf(set)) : 0 };
  });
}
