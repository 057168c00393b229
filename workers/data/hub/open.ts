/** A data set of a hub as files for the reader of rows: each is read by ranges when its rows are asked for. */
import { type HttpOptions, rangedReader } from "../../hub/http.ts";
import { fileAddress } from "../../hub/listing.ts";
import type { FileCache } from "../../storage/file-cache.ts";
import { type RangeReader, sourceOfReader } from "../../storage/range-reader.ts";
import type { InputFile } from "../rows/drop.ts";
import { type BlockSizes, blockReader, recentRanges } from "./block-reader.ts";
import { openRanges } from "./kept-ranges.ts";
import type { HubDataSet } from "./look-up.ts";
import { withSigns } from "./signs.ts";

/** Of ranges that were used last. A row group that is read twice in a row may be larger: then it comes from the cache. */
const RECENT_BYTES = 32 * 2 ** 20;

export interface HubReading {
  http: HttpOptions;
  /** Where ranges are kept between visits. */
  cache?: FileCache | undefined;
  budget?: number;
  /** Called with the bytes that have come so far, and each second while any are waited for. */
  onFetched?: (bytes: number) => void;
  /** What the user should know of the cache. */
  tell?: (words: string) => void;
  /** For tests. */
  sizes?: BlockSizes;
}

/** Under what its ranges are kept. */
export const placeOf = ({ endpoint, repo, commit }: HubDataSet): string[] => [endpoint, repo, commit];

/** The files of a data set. Nothing is fetched before it is read; errors of reading are TabTuneErrors as of models. */
export async function hubFiles(set: HubDataSet, reading: HubReading): Promise<InputFile[]> {
  const { endpoint, repo, commit, label } = set;
  const { cache, budget, tell, onFetched = () => {}, sizes } = reading;
  const options = { ...(budget === undefined ? {} : { budget }), ...(tell ? { tell } : {}) };
  const kept = cache && (await openRanges(cache, placeOf(set), label, options));
  let hasCached = (kept?.bytes ?? 0) > 0;
  let fetched = 0;
  const http: HttpOptions = {
    what: "data set",
    hasCached: () => hasCached,
    ...reading.http,
    onBytes: (bytes) => {
      fetched += bytes;
      hasCached ||= kept !== undefined;
      onFetched(fetched);
    },
  };
  const recent = recentRanges(RECENT_BYTES);
  return Promise.all(
    set.files.map(async ({ name, size, sha256, blobId }): Promise<InputFile> => {
      const remote = rangedReader(fileAddress("datasets", set, name), name, size, http);
      const alive: RangeReader = {
        size,
        read: (start, end) =>
          withSigns(
            () => onFetched(fetched),
            () => remote.read(start, end),
          ),
      };
      const reader = blockReader(alive, name, recent, await kept?.rangesOf(name), sizes);
      const hash = sha256 ?? blobId;
      // By its hash where the hub tells one: a commit that changed nothing but the card is the same data.
      return { path: name, blob: sourceOfReader(reader), identity: hash ?? `${endpoint} ${repo}@${commit}` };
    }),
  );
}
