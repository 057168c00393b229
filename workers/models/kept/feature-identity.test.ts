/** Everything that decides the bits of features is in their identity: each change alone makes another one. */
import { expect, test } from "vitest";
import type { Tensor } from "../../gpu/buffers.ts";
import { f32 } from "../../gpu/program.ts";
import type { Staging } from "../../gpu/staging.ts";
import { configOf } from "../published.ts";
import { featureIdentity, type IdentityParts } from "./feature-identity.ts";

/** A buffer that lies in the memory of the test. */
const tensorOf = (values: number[]): Tensor => ({
  buffer: Float32Array.from(values) as unknown as GPUBuffer,
  offset: 0,
  length: values.length,
});
const staging: Staging = {
  read: async (...parts) => {
    const [{ buffer, offset }, bytes] = parts[0]!;
    return (buffer as unknown as Float32Array<ArrayBuffer>).buffer.slice(offset, offset + bytes);
  },
  destroy: () => {},
};
const [x, y] = [tensorOf([0]), tensorOf([1])];
const config = configOf("bczhou/tiny-llava-v1-hf");
const gpu = { facts: { vendor: "v", architecture: "a", description: "d", software: false, features: ["f"] } };
const normalise = (scale: number) => (pixels: Uint8Array) => Float32Array.from(pixels, (p) => p * scale);

/** New objects each time: hashes of weights are remembered by the object. */
const parts = () => ({
  model: { gpu, config, pictures: { tileSize: 4, normalise: normalise(2) } },
  stage: "connector",
  specs: [
    {
      kernel: { name: "k", code: "code", access: ["read", "read_write"] },
      tensors: [x, y],
      params: [7, f32(0.5), (d: { tiles: number }) => 3 * d.tiles],
      workgroups: [1],
    },
  ],
  weights: [{ norm: { weight: tensorOf([1, 2, 3, 4, 5]), bias: undefined } }],
  staging,
  stagingBytes: 8,
});
type Parts = ReturnType<typeof parts>;
const identityOf = (p: object): Promise<string> => featureIdentity(p as unknown as IdentityParts);

const spec = (p: Parts, changes: object) => ({ ...p, specs: [{ ...p.specs[0]!, ...changes }] });
const facts = (p: Parts, changes: object) => ({
  ...p,
  model: { ...p.model, gpu: { facts: { ...gpu.facts, ...changes } } },
});

test.each<[string, (p: Parts) => object]>([
  ["stage", (p) => ({ ...p, stage: "tower" })],
  [
    "tower's configuration",
    (p) => ({ ...p, model: { ...p.model, config: { ...config, tower: { ...config.tower, layerNormEps: 1 } } } }),
  ],
  [
    "connector's configuration",
    (p) => ({ ...p, model: { ...p.model, config: { ...config, connector: { ...config.connector, bias: false } } } }),
  ],
  ["normalisation", (p) => ({ ...p, model: { ...p.model, pictures: { tileSize: 4, normalise: normalise(2.0001) } } })],
  ["vendor", (p) => facts(p, { vendor: "w" })],
  ["architecture", (p) => facts(p, { architecture: "b" })],
  ["features of the adapter", (p) => facts(p, { features: ["f", "shader-f16"] })],
  ["software adapter", (p) => facts(p, { software: true })],
  ["text of a kernel", (p) => spec(p, { kernel: { ...p.specs[0]!.kernel, code: "other" } })],
  ["parameter", (p) => spec(p, { params: [8, f32(0.5), (d: { tiles: number }) => 3 * d.tiles] })],
  ["parameter that is a float", (p) => spec(p, { params: [7, f32(0.25), (d: { tiles: number }) => 3 * d.tiles] })],
  ["parameter of the replay", (p) => spec(p, { params: [7, f32(0.5), (d: { tiles: number }) => 4 * d.tiles] })],
  ["workgroups", (p) => spec(p, { workgroups: [2] })],
  ["wiring", (p) => spec(p, { tensors: [x, x] })],
  ["dispatch more", (p) => ({ ...p, specs: [...p.specs, ...p.specs] })],
  [
    "last weight",
    (p) => ({ ...p, weights: [{ norm: { weight: tensorOf([1, 2, 3, 4, 5.000001]), bias: undefined } }] }),
  ],
  ["weight more", (p) => ({ ...p, weights: [...p.weights, { bias: tensorOf([1]) }] })],
])("another %s", async (_, change) => {
  const base = await identityOf(parts());
  expect(base).toMatch(/^[0-9a-f]{64}$/);
  expect(await identityOf(parts())).toBe(base);
  expect(await identityOf(change(parts()))).not.toBe(base);
});
