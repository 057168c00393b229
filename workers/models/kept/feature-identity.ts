/**
 * What decides the bits of a tile's features, beside its pixels, as one hash. Features are read again only under the same: a fact that
 * is missing here would be a wrong number that nobody sees. So it is not names and versions that are hashed, but the things themselves:
 * the text and parameters of the kernels as recorded, the weights as they lie on the GPU, and what normalisation makes of each byte.
 */
import type { PictureFormat } from "../../data/pictures/format.ts";
import type { Tensor } from "../../gpu/buffers.ts";
import { type DispatchSpec, evaluate } from "../../gpu/program.ts";
import type { Staging } from "../../gpu/staging.ts";
import { sha256, sha256OfPieces } from "../../storage/sha256.ts";
import type { Vlm } from "../vlm.ts";

/** Numbers of a replay of tower and connector; `pairs`: of tower rows that see each other, and `pictures`, where they are seen whole; `row`: where in the table features go. */
export type StageDims = "tiles" | "pairs" | "pictures" | "step" | "firstTile" | "row";

/** Counts up when features of an older version must not be read though all below is the same. */
const FORMAT = 1;

export interface IdentityParts {
  model: Pick<Vlm, "gpu" | "config" | "pictures">;
  /** The stage that gives what is kept. */
  stage: "tower" | "connector";
  /** Dispatches as recorded, up to that stage. */
  specs: readonly DispatchSpec<StageDims>[];
  /** Weights of the stages up to that one. */
  weights: readonly object[];
  /** To read them through. */
  staging: Staging;
  stagingBytes: number;
}

export async function featureIdentity(p: IdentityParts): Promise<string> {
  const { gpu, config, pictures } = p.model;
  const { vendor, architecture, description, software, features } = gpu.facts;
  const parts = [
    `features ${FORMAT}, ${p.stage}`,
    JSON.stringify([config.tower, p.stage === "connector" && [config.connector, config.deepstack]]),
    JSON.stringify([vendor, architecture, description, software, features, globalThis.navigator?.userAgent]),
    await sha256(new TextEncoder().encode(JSON.stringify(p.specs.map(textOf(new Map()))))),
    await sha256(asBytes(normalised(pictures))),
  ];
  for (const weights of p.weights) parts.push(await weightsHash(weights, p.staging, p.stagingBytes));
  return sha256(new TextEncoder().encode(JSON.stringify(parts)));
}

/** A dispatch as text: its kernel, its parameters for one tile, and which of the tensors before it it works on. */
const textOf = (places: Map<string, number>) => (spec: DispatchSpec<StageDims>) => {
  const dims = { tiles: 1, pairs: 1, pictures: 1, row: 0, step: 0, firstTile: 0 };
  const tensors = spec.tensors.map(({ buffer, offset }) => {
    const key = `${numberOf(buffer)} ${offset}`;
    if (!places.has(key)) places.set(key, places.size);
    return places.get(key);
  });
  const params = spec.params.map((param) => evaluate(typeof param === "object" ? param.f32 : param, dims));
  return [spec.kernel.code, params, tensors, spec.workgroups.map((size) => evaluate(size ?? 1, dims))];
};

const buffers = new WeakMap<GPUBuffer, number>();
let numbered = 0;

/** Buffers have no name of their own. */
function numberOf(buffer: GPUBuffer): number {
  if (!buffers.has(buffer)) buffers.set(buffer, numbered++);
  return buffers.get(buffer)!;
}

/** What becomes of each byte in each channel, in as many tiles as it takes. */
function normalised(pictures: Pick<PictureFormat, "normalise" | "tileSize">): Float32Array {
  const area = pictures.tileSize ** 2;
  const tiles = Math.ceil(256 / area);
  return pictures.normalise(
    Uint8Array.from({ length: 3 * tiles * area }, (_, i) => Math.floor(i / 3)),
    tiles,
  );
}

const asBytes = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** By the weights they are of: a model's do not change. */
const hashes = new WeakMap<object, Promise<string>>();

function weightsHash(weights: object, staging: Staging, stagingBytes: number): Promise<string> {
  let hash = hashes.get(weights);
  if (!hash) {
    hash = readAndHash(weights, staging, stagingBytes);
    hashes.set(weights, hash);
    // The next who asks tries again.
    hash.catch(() => hashes.delete(weights));
  }
  return hash;
}

async function readAndHash(weights: object, staging: Staging, stagingBytes: number): Promise<string> {
  const pieces: string[] = [];
  for (const { buffer, offset, length } of tensorsIn(weights)) {
    for (let at = 0; at < 4 * length; at += stagingBytes) {
      const count = Math.min(stagingBytes, 4 * length - at);
      const bytes = await staging.read([{ buffer, offset: offset + at, length: count / 4 }, count]);
      pieces.push(await sha256(new Uint8Array(bytes)));
    }
    pieces.push(String(length));
  }
  return sha256OfPieces(pieces);
}

/** All tensors below an object of weights, in order. */
function tensorsIn(value: unknown): Tensor[] {
  if (typeof value !== "object" || value === null) return [];
  if ("buffer" in value && "offset" in value) return [value as Tensor];
  return Object.values(value).flatMap(tensorsIn);
}
