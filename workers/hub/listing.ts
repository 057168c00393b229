/** What a repository of the hub holds at one revision: the listing (`/api/models/…?blobs=true`), and where its files are. */
import type { TabTuneError } from "../errors.ts";
import { badDownload, fetchJson, type HttpOptions } from "./http.ts";

export interface HubPlace {
  /** owner/name */
  repo: string;
  /** Branch, tag or commit. */
  revision: string;
  /** Address of the hub, without a slash at its end. */
  endpoint: string;
}

export interface Listed {
  name: string;
  size: number;
  /** SHA-256 of a large file; else git's own hash of a small one. */
  sha256?: string;
  blobId?: string;
}

export interface Listing {
  /** The repository's name of today: an old one leads to it. */
  repo: string;
  commit: string;
  /** Licence as the card has it; "" where it has none. */
  licence: string;
  /** Its authors want to know who reads it. */
  gated: boolean;
  /** Only those whom its owner lets in may read it. */
  hidden?: boolean;
  /** The front matter of its README. */
  card: Record<string, unknown>;
  files: Listed[];
}

type Kind = "models" | "datasets";

/** Asks for the listing. `label` names the repository in messages; throws TabTuneErrors "network", "no-access", "missing-file". */
export async function askListing(
  kind: Kind,
  { repo, revision, endpoint }: HubPlace,
  label: string,
  http: HttpOptions,
): Promise<Listing> {
  const url = `${endpoint}/api/${kind}/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`;
  return parseListing(await fetchJson(url, label, http), repo, label, http);
}

/** The address of a file of one commit. */
export function fileAddress(
  kind: Kind,
  { repo, commit, endpoint }: { repo: string; commit: string; endpoint: string },
  name: string,
): string {
  const room = kind === "datasets" ? "datasets/" : "";
  return `${endpoint}/${room}${repo}/resolve/${commit}/${name.split("/").map(encodeURIComponent).join("/")}`;
}

/** The hub's answer -> what is needed of it; every field is checked, for the address may be any server's. */
function parseListing(json: unknown, asked: string, label: string, http: HttpOptions): Listing {
  const wrong = (what: string): TabTuneError =>
    badDownload(
      label,
      {
        why: `the answer ${what}`,
        remedy: `Check the hub address ${http.settings?.address ?? "in the settings"}.`,
        code: "network",
      },
      http,
    );
  const root = object(json);
  const { sha, siblings, id } = root;
  if (typeof sha !== "string" || !/^[0-9a-f]{7,64}$/.test(sha)) throw wrong("names no commit");
  if (!Array.isArray(siblings)) throw wrong("lists no files");
  const files = siblings.map((entry): Listed => {
    const { rfilename, size, blobId, lfs } = object(entry);
    if (typeof rfilename !== "string" || typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
      throw wrong("lists a file without name or size");
    }
    const hash = object(lfs).sha256;
    return {
      name: rfilename,
      size,
      ...(typeof hash === "string" ? { sha256: hash } : typeof blobId === "string" ? { blobId } : {}),
    };
  });
  const isName = typeof id === "string" && /^[\w.-]{1,96}\/[\w.-]{1,96}$/.test(id) && !id.includes("..");
  const card = object(root.cardData);
  const gated = root.gated !== undefined && root.gated !== false;
  const hidden = root.private === true;
  return { repo: isName ? id : asked, commit: sha, licence: licenceOf(card), gated, hidden, card, files };
}

/** One name, several, or "other" with a name of its own. */
function licenceOf({ license, license_name }: Record<string, unknown>): string {
  const named = license === "other" && typeof license_name === "string" ? license_name : license;
  return [named]
    .flat()
    .filter((name) => typeof name === "string")
    .join(", ")
    .slice(0, 100);
}

const object = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
