import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Checkpoint } from "../hub/model-files.ts";
import { openCheckpoint } from "../hub/model-files.ts";
import { filesFromBlobs } from "../hub/source.ts";
import { readStored, withStoredFourBit } from "./stored-four-bit.ts";

const bytes = readFileSync(new URL("./fixtures/stored.safetensors", import.meta.url));

const opened = (): Promise<Checkpoint> =>
  openCheckpoint(filesFromBlobs([{ path: "model.safetensors", blob: new Blob([bytes]) }]));

test("4-bit weights of bitsandbytes' own files stand for what bitsandbytes says", async () => {
  const plain = await opened();
  const checkpoint = await withStoredFourBit(plain);
  expect(checkpoint.tensors.get("nf4.weight")).toMatchObject({
    shape: [300, 64],
    fourBit: { type: "nf4", blockSize: 64, nested: { blockSize: 256 } },
  });
  expect(checkpoint.tensors.get("fp4.weight")).toMatchObject({
    shape: [24, 40],
    fourBit: { type: "fp4", blockSize: 128, nested: undefined },
  });
  for (const name of ["nf4", "fp4"]) {
    const expected = await plain.readF32(`${name}.dequantised`);
    const values = await checkpoint.readF32(`${name}.weight`);
    expect(values.length).toBe(expected.length);
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
    // bitsandbytes may fuse the multiply-add of a nested maximum: one unit in the last place.
    expect(worst, name).toBeLessThan(1e-7);
  }
});

test("the packed bytes are taken as they are", async () => {
  const plain = await opened();
  const { codes, absmax } = await readStored(await withStoredFourBit(plain), "fp4.weight");
  expect(codes).toEqual((await plain.read("fp4.weight")).bytes);
  expect([...absmax]).toEqual([...(await plain.readF32("fp4.weight.absmax"))]);
});

test("other tensors are read as before, and a checkpoint without 4-bit tensors is left alone", async () => {
  const plain = await opened();
  const checkpoint = await withStoredFourBit(plain);
  expect(await checkpoint.readF32("plain.weight")).toEqual(await plain.readF32("plain.weight"));
  const none: Checkpoint = { ...plain, tensors: new Map([["plain.weight", plain.tensors.get("plain.weight")!]]) };
  expect(await withStoredFourBit(none)).toBe(none);
});

/** The checkpoint with some tensors left out or answered differently. */
const changed = (base: Checkpoint, without: string[], answers: Record<string, Uint8Array> = {}): Checkpoint => ({
  ...base,
  tensors: new Map([...base.tensors].filter(([name]) => !without.includes(name))),
  read: async (name) => ({ ...(await base.read(name)), ...(answers[name] ? { bytes: answers[name] } : {}) }),
});

test("damaged states are refused by name", async () => {
  const plain = await opened();
  const state = "nf4.weight.quant_state.bitsandbytes__nf4";
  const text = (json: object): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
  const open = (c: Checkpoint) => withStoredFourBit(c);
  await expect(open(changed(plain, ["nf4.weight"]))).rejects.toThrow(/"nf4.weight" has a quantisation state but no/);
  await expect(open(changed(plain, [], { [state]: text({}) }))).rejects.toThrow(/without block size or shape/);
  await expect(open(changed(plain, [], { [state]: Uint8Array.of(123) }))).rejects.toThrow(/not JSON/);
  const wrong = text({ blocksize: 64, shape: [300, 32] });
  await expect(open(changed(plain, [], { [state]: wrong }))).rejects.toThrow(/9600 bytes, which is not half/);
  const lacking = await open(changed(plain, ["nf4.weight.nested_absmax"]));
  await expect(readStored(lacking, "nf4.weight")).rejects.toThrow(/lacks its "nested_absmax"/);
  const map = new Uint8Array(new Float32Array(16).buffer);
  const foreign = await open(changed(plain, [], { "fp4.weight.quant_map": map }));
  await expect(readStored(foreign, "fp4.weight")).rejects.toThrow(/code book that is not bitsandbytes' fp4/);
});
