import { describe, expect, test } from "vitest";
import { memoryStore } from "../../storage/memory.ts";
import { sealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import { generationsOf, type Manifest, readManifest } from "./format.ts";
import { loadLatest, loadStep } from "./load.ts";
import { listRuns } from "./runs.ts";
import { type SavedTensor, saveGeneration } from "./save.ts";

const RUN = "r1";
const OPTIONS = { chunkBytes: 100 };

/** Three tensors that neither begin nor end where chunks of 100 bytes do. */
function tensorsOf(step: number): SavedTensor[] {
  return [250, 30, 0, 145].map((length, k) => ({
    name: `tensor ${k}`,
    data: Uint8Array.from({ length }, (_, i) => (step * 31 + k * 7 + i) % 251),
  }));
}

const generationOf = (step: number) => ({
  step,
  state: { step, position: { epoch: 0, index: step } },
  tensors: tensorsOf(step),
});

async function collect(tensors: AsyncGenerator<SavedTensor>): Promise<SavedTensor[]> {
  const all: SavedTensor[] = [];
  for await (const tensor of tensors) all.push(tensor);
  return all;
}

/** Loads and checks every byte; the step, 0 when there is no checkpoint. */
async function stepIn(store: Store): Promise<number> {
  const loaded = await loadLatest(store, RUN);
  if (loaded === undefined) return 0;
  expect(loaded.state).toEqual(generationOf(loaded.step).state);
  expect(await collect(loaded.tensors())).toEqual(tensorsOf(loaded.step));
  return loaded.step;
}

type Op = { kind: "set"; entries: [string, Uint8Array][]; strict: boolean } | { kind: "delete"; keys: string[] };

/** Passes through to `inner` and notes every write, so that a test can play back any part of them. */
function recording(inner: Store): { store: Store; ops: Op[] } {
  const ops: Op[] = [];
  const store: Store = {
    ...inner,
    async set(entries, durability) {
      ops.push({ kind: "set", entries: entries.map(([k, v]) => [k, v.slice()]), strict: durability === "strict" });
      await inner.set(entries, durability);
    },
    async delete(keys) {
      ops.push({ kind: "delete", keys });
      await inner.delete(keys);
    },
  };
  return { store, ops };
}

async function playBack(ops: readonly Op[]): Promise<Store> {
  const store = memoryStore();
  for (const op of ops) {
    if (op.kind === "set") await store.set(op.entries, "relaxed");
    else await store.delete(op.keys);
  }
  return store;
}

/** Fails, as a killed worker's store does, from the k-th write on. */
function dyingAfter(inner: Store, writes: number): Store {
  let left = writes;
  const spend = () => {
    if (left-- <= 0) throw new Error("killed");
  };
  return {
    ...inner,
    async set(entries, durability) {
      spend();
      await inner.set(entries, durability);
    },
    async delete(keys) {
      spend();
      await inner.delete(keys);
    },
  };
}

test("what was saved is loaded, byte for byte", async () => {
  const store = memoryStore();
  expect(await loadLatest(store, RUN)).toBeUndefined();
  const chunks: number[] = [];
  const saved = await saveGeneration(store, RUN, generationOf(25), {
    ...OPTIONS,
    onChunk: (bytes) => chunks.push(bytes),
  });
  expect(saved).toEqual({ generation: 1, bytes: 425 });
  expect(chunks).toEqual([100, 200, 300, 400, 425]);
  const loaded = (await loadLatest(store, RUN))!;
  expect(loaded).toMatchObject({
    step: 25,
    generation: 1,
    bytes: 425,
    names: ["tensor 0", "tensor 1", "tensor 2", "tensor 3"],
  });
  expect(loaded.fellBackFrom).toBeUndefined();
  expect(await stepIn(store)).toBe(25);
});

test("tensors may come one after the other out of one buffer, and some alone may be read", async () => {
  const store = memoryStore();
  const scratch = new Uint8Array(250);
  async function* stream() {
    for (const { name, data } of tensorsOf(3)) {
      scratch.set(data);
      yield { name, data: scratch.subarray(0, data.length) };
    }
  }
  await saveGeneration(store, RUN, { ...generationOf(3), tensors: stream() }, OPTIONS);
  const reads: string[] = [];
  const get = (key: string) => {
    reads.push(key);
    return store.get(key);
  };
  const loaded = (await loadLatest({ ...store, get }, RUN))!;
  reads.length = 0;
  const some = await collect(loaded.tensors((name) => name === "tensor 1"));
  expect(some).toEqual([tensorsOf(3)[1]]);
  expect(reads.map((key) => key.slice(-2))).toEqual(["02"]);
});

test("only the last two generations stay", async () => {
  const store = memoryStore();
  for (const step of [1, 2, 3, 4]) await saveGeneration(store, RUN, generationOf(step), OPTIONS);
  const generations = new Set((await store.keys(`run/${RUN}/gen/`)).map((key) => key.split("/")[3]));
  expect([...generations]).toEqual(["000000003", "000000004"]);
  expect(await stepIn(store)).toBe(4);
});

test("killed after any number of writes, over three saves: the previous or the new checkpoint is there", async () => {
  const { store, ops } = recording(memoryStore());
  // Operations after which the checkpoint of step 1, 2, 3 exists: each save's one strict write.
  for (const step of [1, 2, 3]) await saveGeneration(store, RUN, generationOf(step), OPTIONS);
  expect(ops.filter((op) => op.kind === "set" && op.strict).length).toBe(3);
  let outcomes = "";
  for (let kill = 0; kill <= ops.length; kill++) {
    const expected = ops.slice(0, kill).filter((op) => op.kind === "set" && op.strict).length;
    const after = await playBack(ops.slice(0, kill));
    expect(await stepIn(after)).toBe(expected);
    // Loading swept what the kill had left: nothing but whole generations and their records.
    const keys = await after.keys(`run/${RUN}/gen/`);
    expect(keys.length).toBe(6 * new Set(keys.map((key) => key.split("/")[3])).size);
    // And the run goes on from there.
    await saveGeneration(after, RUN, generationOf(9), OPTIONS);
    expect(await stepIn(after)).toBe(9);
    outcomes += expected;
  }
  expect(outcomes).toMatch(/^0+1+2+3+$/);
});

test("a power cut that takes any or all writes since the last strict one leaves what that one promised", async () => {
  const { store, ops } = recording(memoryStore());
  for (const step of [1, 2, 3]) await saveGeneration(store, RUN, generationOf(step), OPTIONS);
  const isStrict = (op: Op) => op.kind === "set" && op.strict;
  for (let cut = 1; cut <= ops.length; cut++) {
    const done = ops.slice(0, cut);
    const firm = done.findLastIndex(isStrict) + 1;
    const promised = done.filter(isStrict).length;
    expect(await stepIn(await playBack(done.slice(0, firm)))).toBe(promised);
    for (let lost = firm; lost < cut; lost++) {
      expect(await stepIn(await playBack(done.filter((_, i) => i !== lost)))).toBe(promised);
    }
  }
});

test("a save or a load that dies part way can be tried again", async () => {
  for (let writes = 0; writes < 9; writes++) {
    const inner = memoryStore();
    await saveGeneration(inner, RUN, generationOf(1), OPTIONS);
    await saveGeneration(inner, RUN, generationOf(2), OPTIONS);
    const dying = dyingAfter(inner, writes);
    const result = await saveGeneration(dying, RUN, generationOf(3), OPTIONS).catch((error: Error) => error.message);
    expect([2, 3]).toContain(await stepIn(inner));
    if (typeof result !== "string") expect(await stepIn(inner)).toBe(3);
    else expect(result).toBe("killed");
  }
  for (let writes = 0; writes < 4; writes++) {
    const inner = memoryStore();
    await saveGeneration(inner, RUN, generationOf(1), OPTIONS);
    await saveGeneration(inner, RUN, generationOf(2), OPTIONS);
    await inner.delete([`run/${RUN}/gen/000000002/chunk/000000001`]);
    await loadLatest(dyingAfter(inner, writes), RUN).catch((error: Error) => expect(error.message).toBe("killed"));
    expect(await stepIn(inner)).toBe(1);
  }
});

test("reading without repair touches nothing, so it may go on beside a save", async () => {
  const store = memoryStore();
  await saveGeneration(store, RUN, generationOf(1), OPTIONS);
  await saveGeneration(dyingAfter(store, 3), RUN, generationOf(2), OPTIONS).catch(() => undefined);
  const keys = await store.keys("");
  const { ops, store: recorded } = recording(store);
  const loaded = (await loadLatest(recorded, RUN, { repair: false }))!;
  expect(await collect(loaded.tensors())).toEqual(tensorsOf(1));
  expect(ops).toEqual([]);
  expect(await store.keys("")).toEqual(keys);
  expect(await stepIn(store)).toBe(1);
  expect((await store.keys("")).length).toBe(keys.length - 3);
});

test("a full disk leaves the previous checkpoint whole", async () => {
  const store = memoryStore({ quotaBytes: 2600 });
  await saveGeneration(store, RUN, generationOf(1), OPTIONS);
  await saveGeneration(store, RUN, generationOf(2), OPTIONS);
  await expect(saveGeneration(store, RUN, generationOf(3), OPTIONS)).rejects.toMatchObject({ code: "storage-full" });
  expect(await stepIn(store)).toBe(2);
});

test("what a save left that found the disk full is no loss of room for the next one", async () => {
  const sizeOf = async (store: Store) => {
    const values = await Promise.all((await store.keys("")).map((key) => store.get(key)));
    return values.reduce((sum, value) => sum + value!.length, 0);
  };
  const roomy = memoryStore();
  await saveGeneration(roomy, RUN, generationOf(1), OPTIONS);
  const generation = await sizeOf(roomy);

  const store = memoryStore({ quotaBytes: 3 * generation });
  await store.set([["other", new Uint8Array(600)]], "relaxed");
  for (const step of [1, 2]) await saveGeneration(store, RUN, generationOf(step), OPTIONS);
  await expect(saveGeneration(store, RUN, generationOf(3), OPTIONS)).rejects.toMatchObject({ code: "storage-full" });
  await store.delete(["other"]);
  await saveGeneration(store, RUN, generationOf(3), OPTIONS);
  expect(await stepIn(store)).toBe(3);
});

describe("damage", () => {
  async function twoGenerations(): Promise<Store> {
    const store = memoryStore();
    await saveGeneration(store, RUN, generationOf(1), OPTIONS);
    await saveGeneration(store, RUN, generationOf(2), OPTIONS);
    return store;
  }

  test("a flipped bit in any byte of any entry of the newest generation falls back one, and says so", async () => {
    const original = await twoGenerations();
    const keys = await original.keys(`run/${RUN}/gen/000000002/`);
    expect(keys.length).toBe(6);
    for (const key of keys) {
      const bytes = (await original.get(key))!;
      for (let at = 0; at < bytes.length; at += 29) {
        const store = await twoGenerations();
        await store.set([[key, bytes.with(at, bytes[at]! ^ 0x10)]], "relaxed");
        const loaded = (await loadLatest(store, RUN))!;
        expect(loaded.step).toBe(1);
        expect(await collect(loaded.tensors())).toEqual(tensorsOf(1));
        if (key.endsWith("manifest")) {
          expect(loaded.fellBackFrom).toEqual({ step: undefined, reason: "its manifest is missing or damaged" });
        } else {
          expect(loaded.fellBackFrom).toEqual({
            step: 2,
            reason: `chunk ${Number(key.slice(-9)) + 1} of 5 is damaged`,
          });
        }
        // The next save follows the checkpoint that was loaded, and both stay.
        await saveGeneration(store, RUN, generationOf(5), OPTIONS);
        expect(await stepIn(store)).toBe(5);
        expect((await store.keys(`run/${RUN}/gen/000000001/`)).length).toBe(6);
      }
    }
  });

  test.each(["manifest", "chunk/000000004"])("a missing %s falls back one", async (what) => {
    const store = await twoGenerations();
    await store.delete([`run/${RUN}/gen/000000002/${what}`]);
    const loaded = (await loadLatest(store, RUN))!;
    expect(loaded.step).toBe(1);
    expect(loaded.fellBackFrom?.reason).toMatch(/missing/);
    // Said once: now the older one is the latest.
    expect((await loadLatest(store, RUN))!.fellBackFrom).toBeUndefined();
  });

  test("who reads some tensors finds the damage of their chunks, and no other's", async () => {
    const store = memoryStore();
    await saveGeneration(store, RUN, generationOf(1), OPTIONS);
    await saveGeneration(store, RUN, generationOf(2), OPTIONS);
    const chunks = (await store.keys(`run/${RUN}/gen/000000002/chunk/`)).sort();
    // Tensors of 250, 30, 0 and 145 bytes in chunks of 100.
    const lie: [string, number[]][] = [
      ["tensor 0", [0, 1, 2]],
      ["tensor 1", [2]],
      ["tensor 2", []],
      ["tensor 3", [2, 3, 4]],
    ];
    expect(chunks.length).toBe(5);
    for (const [i, key] of chunks.entries()) {
      const whole = (await store.get(key))!;
      await store.set([[key, whole.map((byte) => byte ^ 1)]], "strict");
      for (const [name, places] of lie) {
        const wanted = (one: string) => one === name;
        const found = await loadLatest(store, RUN, { repair: false, wanted });
        expect(found?.step, `${name}, chunk ${i}`).toBe(places.includes(i) ? 1 : 2);
        expect(await collect(found!.tensors(wanted))).toEqual(tensorsOf(found!.step).filter((t) => t.name === name));
        expect((await loadStep(store, RUN, 2, wanted))?.step).toBe(places.includes(i) ? undefined : 2);
      }
      await store.set([[key, whole]], "strict");
    }
  });

  test("a damaged `latest` costs nothing: the newest manifest speaks for itself", async () => {
    const store = await twoGenerations();
    await store.set([[`run/${RUN}/latest`, Uint8Array.of(1, 2, 3)]], "relaxed");
    expect(await stepIn(store)).toBe(2);
  });

  test("when no generation is whole, the run is refused and nothing is deleted", async () => {
    const store = await twoGenerations();
    for (const g of ["000000001", "000000002"]) await store.delete([`run/${RUN}/gen/${g}/chunk/000000000`]);
    const before = await store.keys("");
    await expect(loadLatest(store, RUN)).rejects.toMatchObject({
      code: "bad-checkpoint",
      message: "No checkpoint of the run r1 is whole: of the newest, chunk 1 of 5 is missing.",
    });
    expect(await store.keys("")).toEqual(before);
  });

  test("a checkpoint of a newer version is refused, and nothing of it is swept away", async () => {
    const store = await twoGenerations();
    const manifest = { ...((await readManifest(store, RUN, 2)) as Manifest), format: 2 };
    await store.set([[`run/${RUN}/gen/000000002/manifest`, await sealJson(manifest)]], "relaxed");
    const before = await store.keys("");
    await expect(loadLatest(store, RUN)).rejects.toMatchObject({
      code: "bad-checkpoint",
      message: expect.stringContaining("newer version"),
    });
    expect(await store.keys("")).toEqual(before);
    expect(await listRuns(store)).toMatchObject([{ id: RUN, step: 1 }]);
  });

  test("a chunk that goes away between check and reading is an error, not zeros", async () => {
    const store = await twoGenerations();
    const loaded = (await loadLatest(store, RUN))!;
    await store.delete([`run/${RUN}/gen/000000002/chunk/000000002`]);
    await expect(collect(loaded.tensors())).rejects.toMatchObject({ code: "bad-checkpoint" });
  });
});

test("as many generations are kept as is asked for, and that of the best step besides", async () => {
  const store = memoryStore();
  const save = (step: number, kept: number, best?: number) =>
    saveGeneration(store, RUN, generationOf(step), { ...OPTIONS, kept, best });
  const stepsIn = async (): Promise<number[]> => {
    const found: number[] = [];
    for (const g of (await generationsOf(store, RUN)).keys())
      found.push(((await readManifest(store, RUN, g)) as Manifest).step);
    return found;
  };
  for (const step of [1, 2, 3, 4]) await save(step, 3);
  expect(await stepsIn()).toEqual([2, 3, 4]);
  await save(5, 1, 3);
  expect(await stepsIn()).toEqual([3, 5]);
  await save(6, 2, 3);
  expect(await stepsIn()).toEqual([3, 5, 6]);
  const best = (await loadStep(store, RUN, 3))!;
  expect(await collect(best.tensors())).toEqual(tensorsOf(3));
  expect(await loadStep(store, RUN, 4)).toBeUndefined();
  // The newest is what a run goes on from.
  expect(await stepIn(store)).toBe(6);
});

test("a chunk takes the memory of what is in it, and larger ones are cut where they should be", async () => {
  const MiB = 1 << 20;
  const tensors = [0.25, 2.5, 3.75, 1].map((size, k) => ({
    name: `tensor ${k}`,
    data: Uint8Array.from({ length: size * MiB }, (_, i) => (i * 7 + k) % 251),
  }));
  const { store, ops } = recording(memoryStore());
  await saveGeneration(store, RUN, { step: 1, state: {}, tensors }, { chunkBytes: 4 * MiB });
  const chunks = ops.flatMap((op) =>
    op.kind === "set" && !op.strict ? op.entries.map(([, data]) => data.length) : [],
  );
  expect(chunks).toEqual([4 * MiB, 3.5 * MiB]);
  const loaded = await collect((await loadLatest(store, RUN))!.tensors());
  expect(loaded.map(({ name, data }, k) => [name, Buffer.compare(data, tensors[k]!.data)])).toEqual(
    tensors.map(({ name }) => [name, 0]),
  );

  // Of a small checkpoint no whole chunk is laid out.
  const before = process.memoryUsage().arrayBuffers;
  let held = 0;
  const looking: Store = {
    ...store,
    set: (...write) => {
      held = Math.max(held, process.memoryUsage().arrayBuffers - before);
      return store.set(...write);
    },
  };
  await saveGeneration(looking, RUN, generationOf(2));
  expect(held).toBeGreaterThan(0);
  expect(held).toBeLessThan(16 * MiB);
});
