/**
 * Bounds on what a dropped data set may make us read or allocate. Nobody has vetted these files: every size is checked
 * against a bound before memory is taken for it. The defaults leave room for honest sets of a few hundred thousand rows.
 */
export interface DatasetLimits {
  /** Rows over the whole data set, skipped ones included. */
  rows: number;
  /** Bytes of one record as text: a JSONL line, an item of a JSON array, a CSV record, a caption file, a Parquet row's texts. */
  lineBytes: number;
  /** Encoded bytes of one picture. */
  pictureBytes: number;
  picturesPerRow: number;
  /** Entries over all archives of the drop. */
  archiveEntries: number;
  /** Unpacked bytes over all zip entries, as declared, and .tar.gz files of the drop; an entry that lies about its size fails on reading. */
  unpackedBytes: number;
  /** Unpacked bytes of one .tar.gz: it cannot be read in parts, so it is unpacked as a whole. */
  gzipBytes: number;
  /** Unpacked bytes per packed byte of one zip entry or .tar.gz; only those over 16 MiB unpacked are held to it. */
  ratio: number;
  /** Bytes of one Parquet row group (of the columns that are read), unpacked: a group is read as a whole. */
  rowGroupBytes: number;
}

const MiB = 2 ** 20;
const GiB = 2 ** 30;

export const defaultLimits: Readonly<DatasetLimits> = {
  rows: 1_000_000,
  lineBytes: 16 * MiB,
  pictureBytes: 64 * MiB,
  picturesPerRow: 16,
  archiveEntries: 200_000,
  unpackedBytes: 32 * GiB,
  gzipBytes: 4 * GiB,
  ratio: 200,
  rowGroupBytes: GiB,
};

/** What is left of the bounds that hold for all archives of a drop together; readers take from it. */
export interface ArchiveBudget {
  entries: number;
  unpackedBytes: number;
}

/** "64 MiB", "1.5 GiB", "200 bytes": for messages. */
export function formatBytes(bytes: number): string {
  if (bytes >= GiB) return `${+(bytes / GiB).toFixed(1)} GiB`;
  if (bytes >= MiB) return `${+(bytes / MiB).toFixed(1)} MiB`;
  return `${bytes} bytes`;
}

/** Read from the end of a Parquet file at first: the footer of a hundred row groups is longer, and a hub is asked once more for it. */
export const FOOTER_BYTES = 2 ** 16;
