/** What the page and the service worker say to each other. */

/** What is known of a file of the page: the first 16 hexadecimal digits of its SHA-256, and its bytes. */
export type FileFacts = readonly [hash: string, bytes: number];

/** All files of one version of the page, by their paths from its root, as addresses spell them. */
export interface Version {
  /** Two builds of the same files have the same name. */
  name: string;
  /** What the page needs to stand and to train: kept before this version serves anybody. */
  shell: Readonly<Record<string, FileFacts>>;
  /** What is kept once it was fetched: the demo, the bench and its libraries. */
  onFetch: Readonly<Record<string, FileFacts>>;
}

/** How much of a version lies in the browser. */
export interface Kept {
  version: string;
  files: number;
  bytes: number;
}

export type ToShell =
  /** This version serves every tab from now on. */
  | { type: "take-over" }
  /** Keeps all files whose paths begin so, whether or not they were fetched through the service worker. */
  | { type: "keep"; under: string[] }
  /** A page has opened: what no page needs any more may go. */
  | { type: "opened" }
  /** Asks for `Kept`, which comes by the port that is sent along. */
  | { type: "kept" };

/** Why a version, or a file of it, could not be kept: an English sentence. */
export interface FromShell {
  type: "not-kept";
  reason: string;
}
