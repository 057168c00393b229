/**
 * A model on the Hugging Face Hub, or on a server that answers like it: the listing of one revision (`/api/models/…?blobs=true`),
 * then files of that very commit (`/resolve/<commit>/…`). Listing, small files and the heads of weight files are kept in the file
 * cache, so a model that was loaded before opens without the network. Small files are checked against the hashes of the listing here,
 * weight files while their tensors are read (weights/loading/shard-check.ts).
 */
import { TabTuneError } from "../../errors.ts";
import { badDownload, type HttpOptions, rangedReader } from "../../hub/http.ts";
import { askListing, fileAddress, type HubPlace, type Listed, type Listing } from "../../hub/listing.ts";
import type { FileCache } from "../../storage/file-cache.ts";
import { type RangeReader, readerOfBytes } from "../../storage/range-reader.ts";
import { parsed } from "../../storage/sealed.ts";
import { sha256 } from "../../storage/sha256.ts";
import { type ModelFiles, modelFiles } from "./source.ts";

/** Of a weight file: enough for the header of any model known. */
const headBytes = 1 << 20;

export interface HubFiles extends ModelFiles {
  commit: string;
  /** Licence as the model card has it; "" where it has none. */
  licence: string;
  /** The hub gives it to some accounts only, each by a token of its own. */
  restricted: boolean;
  /** Bytes of a file. */
  sizeOf(name: string): number;
}

/** Opens a model: from the cache's listing where it was opened before, else asking the hub. */
export async function openHub(
  { repo, revision, endpoint }: HubPlace,
  cache: FileCache | undefined,
  given: HttpOptions,
): Promise<HubFiles> {
  const label = revision === "main" ? repo : `${repo}@${revision}`;
  const folder = `hub-${(await sha256(new TextEncoder().encode(JSON.stringify([endpoint, repo, revision])))).slice(0, 32)}`;
  const kept = keeper(cache, folder);
  const known = await kept.read("listing");
  let hasCached = known !== undefined;
  const http: HttpOptions = { hasCached: () => hasCached, ...given };
  // A damaged one is asked for again.
  let listing = known && (parsed(known) as Listing | undefined);
  if (!listing) {
    listing = await askListing("models", { repo, revision, endpoint }, label, http);
    await kept.write("listing", new TextEncoder().encode(JSON.stringify(listing)));
    await kept.write("about", new TextEncoder().encode(JSON.stringify({ label, createdAt: new Date().toISOString() })));
  }
  const { commit, licence, gated, hidden } = listing;
  const urlOf = (name: string): string => fileAddress("models", { repo, commit, endpoint }, name);
  const byName = new Map(listing.files.map((file) => [file.name, file]));

  const files = modelFiles(label, [...byName.keys()], async (name) => {
    const file = byName.get(name)!;
    const remote = rangedReader(urlOf(name), name, file.size, http);
    if (name.endsWith(".safetensors")) return withHead(remote, name, kept);
    const stored = await kept.read(name);
    if (stored && (await matches(file, stored))) return readerOfBytes(stored);
    const bytes = await remote.read(0, file.size);
    if (!(await matches(file, bytes))) {
      throw badDownload(
        name,
        { why: "its content does not match the hash that the hub tells", remedy: "Load the model again." },
        http,
      );
    }
    await kept.write(name, bytes);
    hasCached = true;
    return readerOfBytes(bytes);
  });
  const versionOf = (name: string): string => {
    const file = byName.get(name);
    return file?.sha256 ?? file?.blobId ?? `${commit}/${name}`;
  };
  const published: ModelFiles["published"] = (name) => {
    const hash = byName.get(name)?.sha256;
    return hash === undefined ? undefined : { sha256: hash, forget: () => kept.forget(headOf(name)) };
  };
  return Object.assign(files, {
    commit,
    licence,
    restricted: gated || hidden === true,
    versionOf,
    published,
    sizeOf: (name: string) => byName.get(name)?.size ?? 0,
  });
}

const headOf = (name: string): string => `${name}.head`;

/** A weight file whose first bytes come from the cache: its header needs no network the second time. */
async function withHead(remote: RangeReader, name: string, kept: Keeper): Promise<RangeReader> {
  const length = Math.min(headBytes, remote.size);
  let head = await kept.read(headOf(name));
  if (head?.byteLength !== length) {
    head = await remote.read(0, length);
    await kept.write(headOf(name), head);
  }
  const local = readerOfBytes(head);
  return {
    size: remote.size,
    read: (start, end) => (end <= length ? local : remote).read(start, end),
  };
}

interface Keeper {
  read(name: string): Promise<Uint8Array | undefined>;
  /** Best effort: the model loads without it, from the network. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  forget(name: string): Promise<void>;
}

function keeper(cache: FileCache | undefined, folder: string): Keeper {
  return {
    async read(name) {
      const reader = await cache?.open(`${folder}/${name}`);
      return reader?.read(0, reader.size);
    },
    async write(name, bytes) {
      const writer = await cache?.create(`${folder}/${name}`);
      try {
        await writer?.write(bytes);
        await writer?.commit();
      } catch (error) {
        // A full disk is told by the tensors' cache, which needs far more room than this.
        if (!(error instanceof TabTuneError && error.code === "storage-full")) throw error;
      } finally {
        await writer?.abort();
      }
    },
    async forget(name) {
      await cache?.delete(`${folder}/${name}`);
    },
  };
}

export async function matches({ size, sha256: hash, blobId }: Listed, bytes: Uint8Array): Promise<boolean> {
  if (bytes.byteLength !== size) return false;
  if (hash !== undefined) return (await sha256(bytes)) === hash;
  return blobId === undefined || (await gitBlobId(bytes)) === blobId;
}

/** git's object id of a file: SHA-1 over "blob <size>\0" and its bytes. */
async function gitBlobId(bytes: Uint8Array): Promise<string> {
  const prefix = new TextEncoder().encode(`blob ${bytes.byteLength}\0`);
  const all = new Uint8Array(prefix.byteLength + bytes.byteLength);
  all.set(prefix);
  all.set(bytes, prefix.byteLength);
  const digest = await crypto.subtle.digest("SHA-1", all);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
