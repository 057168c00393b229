import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { HttpOptions } from "../../hub/http.ts";
import type { FileCache } from "../../storage/file-cache.ts";
import { openOpfsCache } from "../../storage/opfs.ts";
import { sha256 } from "../../storage/sha256.ts";
import { loadAll, names, plan, jsonBytes as text, undisturbedHash, weights } from "../../testing/checkpoints.ts";
import { COMMIT, type FakeHub, type FakeRepo, startFakeHub } from "../../testing/fake-hub.ts";
import { fakeOpfs } from "../../testing/fake-opfs.ts";
import { randomArray } from "../../testing/gpu.ts";
import { bytesOf, toF32 } from "../formats/dtype.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { type LoadedTensor, loadOrQuantise, type PlanEntry } from "../loading/quantised-cache.ts";
import { quantise } from "../nf4/nf4.ts";
import { openHub } from "./hub.ts";
import { openCheckpoint } from "./model-files.ts";

const freshCache = (): Promise<FileCache> => openOpfsCache("weights", fakeOpfs().root);

let repo: FakeRepo;
let hub: FakeHub;
beforeEach(async () => {
  repo = {
    name: "someone/llava",
    files: new Map([
      ["config.json", text({ model_type: "llava" })],
      ["model.safetensors", weights],
    ]),
  };
  hub = await startFakeHub(repo);
});
afterEach(() => hub.close());

const open = async (
  cache: FileCache | undefined,
  changes: Partial<HttpOptions> & { repo?: string; revision?: string } = {},
) => {
  const { repo: name = "someone/llava", revision = "main", ...http } = changes;
  return openHub({ repo: name, revision, endpoint: hub.endpoint }, cache, {
    fetchFile: fetch,
    token: "",
    retryDelaysMs: [1, 1, 1],
    ...http,
  });
};

/** Bytes of a 4-bit tensor in the cache, without the hash behind it. */
const preparedSize = (512 * 128) / 2 + 4 * ((512 * 128) / 64);

async function drain(tensors: AsyncGenerator<LoadedTensor, unknown>): Promise<void> {
  while (!(await tensors.next()).done);
}

/** Loads from the hub; what it yields as one hash. */
const load = async (cache: FileCache | undefined, http: Partial<HttpOptions> = {}, onTensor?: (n: number) => void) =>
  loadAll(await openCheckpoint(await open(cache, http)), cache, onTensor);
const undisturbed = undisturbedHash();

test("a model opens by its listing, and its small files are checked", async () => {
  const files = await open(undefined);
  expect([files.label, files.commit, files.licence, files.names()]).toEqual([
    "someone/llava",
    COMMIT,
    "apache-2.0",
    ["config.json", "model.safetensors"],
  ]);
  expect(await files.readJson("config.json")).toEqual({ model_type: "llava" });
  expect(files.versionOf!("model.safetensors")).toBe(await sha256(weights));
});

test("tensors come one by one; the second load needs no network", async () => {
  const cache = await freshCache();
  const first = await load(cache);
  expect(first).toEqual({ hash: await undisturbed, outcome: { cache: "stored" } });
  expect(hub.sent).toBeLessThan(weights.byteLength + (1 << 20) + 100);
  const offline: typeof fetch = () => Promise.reject(new TypeError("Failed to fetch"));
  expect(await load(cache, { fetchFile: offline })).toEqual({ hash: await undisturbed, outcome: { cache: "hit" } });
});

test("an error says that something is kept only where something is", async () => {
  const cache = await freshCache();
  const offline: typeof fetch = () => Promise.reject(new TypeError("Failed to fetch"));
  const nothing = await open(cache, { fetchFile: offline }).catch((error) => error);
  expect(nothing).toMatchObject({
    code: "network",
    safe: "",
    remedy: "Check the connection, then load the model again.",
  });
  await (await open(cache)).readJson("config.json");
  const something = (await open(cache, { fetchFile: offline })).open("model.safetensors");
  await expect(something).rejects.toMatchObject({
    safe: "What was downloaded before is kept in this browser.",
    remedy: "Check the connection, then load the model again to go on.",
  });
});

describe("a weight file is checked against the hash that the hub tells", () => {
  const header = weights.byteLength - names.length * 512 * 128 * 4;
  const at = (tensor: number): number => header + tensor * 512 * 128 * 4 + 1000;
  /** Serves the file with one bit of `byte` flipped, as a damaged mirror would; the listing stays. */
  const damage = (byte: number): void => {
    const wrong = weights.slice();
    wrong[byte]! ^= 1;
    hub.serve("model.safetensors", wrong);
  };
  const message = expect.stringContaining("model.safetensors did not come as it was published");

  test.each([
    ["the first tensor", 0],
    ["the middle", 5],
    ["the last tensor", 11],
  ])("a flipped bit in %s is found, nothing of it is kept, and a sound server then loads", async (_, tensor) => {
    const cache = await freshCache();
    damage(at(tensor));
    await expect(load(cache)).rejects.toMatchObject({ code: "missing-file", message });
    const left = (await cache.list("weights-")).map(({ name }) => name.split("/")[1]);
    expect(left).toEqual(["about"]);
    hub.serve("model.safetensors", weights);
    expect(await load(cache)).toEqual({ hash: await undisturbed, outcome: { cache: "stored" } });
    expect(await load(cache)).toEqual({ hash: await undisturbed, outcome: { cache: "hit" } });
  });

  test("a flipped bit between the tensors that the model uses is found too, without a cache as well", async () => {
    damage(at(11));
    const checkpoint = await openCheckpoint(await open(undefined));
    const used = plan.filter(({ name }) => checkpoint.tensors.get(name)!.end < weights.byteLength);
    expect(used.length).toBe(names.length - 1);
    await expect(drain(loadOrQuantise(checkpoint, used, undefined))).rejects.toMatchObject({ message });
  });

  test("the hash goes on over a reload: damage before it is found after it", async () => {
    const cache = await freshCache();
    damage(at(1));
    const stop = (n: number): void => {
      if (n === 6) throw new Error("killed");
    };
    await expect(load(cache, {}, stop)).rejects.toThrow("killed");
    // The tensor that was being read ahead ends by itself.
    await new Promise((resolve) => setTimeout(resolve, 50));
    hub.serve("model.safetensors", weights);
    hub.asked.length = 0;
    await expect(load(cache)).rejects.toMatchObject({ message });
    // It read only what the first life had not.
    expect(hub.asked.length).toBeLessThanOrEqual(names.length - 6);
  });

  test("a tensor that the cache lost and that is read again has to be the tensor that was hashed", async () => {
    const cache = await freshCache();
    await load(cache);
    for (const { name, bytes } of await cache.list("weights-"))
      if (bytes === preparedSize + 64) await cache.delete(name);
    const wrong = weights.slice();
    for (let tensor = 0; tensor < names.length; tensor++) wrong[at(tensor)]! ^= 1;
    hub.serve("model.safetensors", wrong);
    await expect(load(cache)).rejects.toMatchObject({ message });
    hub.serve("model.safetensors", weights);
    expect((await load(cache)).hash).toBe(await undisturbed);
  });

  test("a file of which the model uses less than half is not read whole", async () => {
    const checkpoint = await openCheckpoint(await open(undefined));
    hub.sent = 0;
    await drain(loadOrQuantise(checkpoint, plan.slice(0, 4), undefined));
    expect(hub.sent).toBeLessThanOrEqual(4 * 512 * 128 * 4);
  });
});

describe("a tensor larger than a piece", () => {
  const large = writeSafetensors([{ name: "w", dtype: "F32", shape: [9000, 1024], data: randomArray(9_216_000, 3) }]);
  const entry: PlanEntry = { name: "w", how: "nf4", blockSize: 64, roundToF16First: true, doubleQuant: false };
  const loadLarge = async (cache: FileCache): Promise<string> => {
    const tensors = loadOrQuantise(await openCheckpoint(await open(cache)), [entry], cache);
    const { value } = await tensors.next();
    await drain(tensors);
    return sha256((value as Extract<LoadedTensor, { kind: "4bit" }>).codes);
  };
  beforeEach(async () => {
    hub.close();
    repo.files.set("model.safetensors", large);
    hub = await startFakeHub(repo);
  });

  test("comes in pieces, once, and may be lost from the cache", async () => {
    const cache = await freshCache();
    const hash = await loadLarge(cache);
    const whole = toF32(large.subarray(large.length - 36_864_000), "F32");
    expect(hash).toBe(await sha256(quantise(whole, { type: "nf4", blockSize: 64, roundToF16First: true }).codes));
    expect(hub.sent).toBeLessThan(large.length + (1 << 20) + 10_000);
    for (const { name, bytes } of await cache.list("weights-")) if (bytes > 1e6) await cache.delete(name);
    expect(await loadLarge(cache)).toBe(hash);
  });

  test.each([
    ["first", 1000],
    ["second", 2 ** 25 + 5000],
  ])("a flipped bit in its %s piece is found, at once and when it is read again", async (_, at) => {
    const cache = await freshCache();
    const wrong = large.slice();
    wrong[at]! ^= 1;
    hub.serve("model.safetensors", wrong);
    await expect(loadLarge(cache)).rejects.toMatchObject({ code: "missing-file" });
    hub.serve("model.safetensors", large);
    await loadLarge(cache);
    for (const { name, bytes } of await cache.list("weights-")) if (bytes > 1e6) await cache.delete(name);
    hub.serve("model.safetensors", wrong);
    await expect(loadLarge(cache)).rejects.toMatchObject({ code: "missing-file" });
  });
});

test("a connection that is cut goes on behind what came", async () => {
  const cache = await freshCache();
  const checkpoint = await openCheckpoint(await open(cache));
  hub.asked.length = 0;
  hub.cutAfter = 100_000;
  const { bytes } = await checkpoint.read("layer.9");
  expect(await sha256(bytes)).toBe(await sha256(bytesOf(randomArray(512 * 128, 9))));
  expect(hub.asked.length).toBe(2);
  const [first, second] = hub.asked.map((line) => /bytes=(\d+)-(\d+)/.exec(line)!.slice(1).map(Number));
  // A cut may lose what was under way, never repeat what had come.
  expect(second![0]).toBeGreaterThan(first![0]!);
  expect(second![0]).toBeLessThanOrEqual(first![0]! + 100_000);
  expect(second![1]).toBe(first![1]);
});

describe("a server that", () => {
  const size = weights.byteLength;
  test.each<[string, FakeHub["fault"], string, string]>([
    [
      "sends the whole file for a part",
      (_, response) => {
        response.end(weights);
        return true;
      },
      "missing-file",
      "the server did not send bytes",
    ],
    [
      "sends another part",
      (_, response) => {
        response.writeHead(206, { "Content-Range": `bytes 0-9/${size}` }).end("0123456789");
        return true;
      },
      "missing-file",
      "the server did not send bytes",
    ],
    [
      "has no such file any more",
      (_, response) => {
        response.writeHead(404).end();
        return true;
      },
      "missing-file",
      "the hub has no such model or file",
    ],
    [
      "is down",
      (_, response) => {
        response.writeHead(503).end();
        return true;
      },
      "network",
      "the server answered with status 503",
    ],
    [
      "hangs up",
      (_, response) => {
        response.destroy();
        return true;
      },
      "network",
      "could not be downloaded",
    ],
  ])("%s gets a sentence", async (_, fault, code, words) => {
    const checkpoint = await openCheckpoint(await open(undefined));
    hub.fault = fault;
    await expect(checkpoint.read("layer.11")).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words),
      remedy: expect.stringMatching(/\.$/),
    });
  });

  test("fails twice and then works is not told", async () => {
    const checkpoint = await openCheckpoint(await open(undefined));
    const before = hub.asked.length;
    hub.fault = ({ nth }, response) => {
      if (nth > before + 2) return false;
      response.writeHead(nth === before + 1 ? 500 : 429).end();
      return true;
    };
    expect((await checkpoint.read("layer.11")).bytes.byteLength).toBe(512 * 128 * 4);
  });

  test("changes a file under way is noticed", async () => {
    const checkpoint = await openCheckpoint(await open(undefined));
    hub.fault = ({ range }, response) => {
      const asked = range!.replace("bytes=", "bytes ");
      response.writeHead(206, { ETag: "another", "Content-Range": `${asked}/${size}` }).end();
      return true;
    };
    // What came before had a version; this has another.
    await expect(checkpoint.read("layer.11")).rejects.toMatchObject({
      message: expect.stringContaining("it changed on the server while it was read"),
    });
  });

  test("sends a small file with another content is not believed", async () => {
    const files = await open(undefined);
    repo.files.set("config.json", text({ model_type: "lava!" }));
    await expect(files.readJson("config.json")).rejects.toMatchObject({
      message: expect.stringContaining("does not match the hash"),
    });
  });
});

test.each([
  [{ license: "llama2" }, "llama2"],
  [{ license: ["mit", "apache-2.0"] }, "mit, apache-2.0"],
  [{ license: "other", license_name: "tongyi-qianwen" }, "tongyi-qianwen"],
  [{ license: 7 }, ""],
  [{}, ""],
])("the licence of %j", async (cardData, licence) => {
  repo.cardData = cardData;
  expect((await open(undefined)).licence).toBe(licence);
});

test("a branch, a tag or a commit is asked for by name", async () => {
  expect((await open(undefined, { revision: COMMIT })).label).toBe(`someone/llava@${COMMIT}`);
});

describe("who may read", () => {
  beforeEach(() => {
    repo.token = "secret";
  });
  test.each([
    ["", "no-access", "the hub asks who you are"],
    ["other", "no-access", "your account may not read this model"],
  ])("token %j", async (token, code, words) => {
    await expect(open(undefined, { token })).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });
  test("a gated model says so", async () => {
    repo.gated = true;
    const error = open(undefined, { token: "" });
    await expect(error).rejects.toMatchObject({ code: "no-access", message: expect.stringContaining("gated") });
    await expect(error).rejects.toMatchObject({ remedy: expect.stringContaining("Accept its terms") });
  });
  test("the right token", async () => {
    expect((await open(undefined, { token: "secret" })).commit).toBe(COMMIT);
  });
  test.each([true, false])("whoever has it hears that others need a token as well (gated: %j)", async (gated) => {
    repo.gated = gated;
    expect((await open(undefined, { token: "secret" })).restricted).toBe(true);
  });
});

test("a model for everybody is not restricted", async () => {
  expect((await open(undefined)).restricted).toBe(false);
});

test.each([
  [{ repo: "someone/else" }, "the hub has no such model or file"],
  [{ revision: "v9" }, "the model has no such revision"],
])("%j is not there", async (where, words) => {
  await expect(open(undefined, where)).rejects.toMatchObject({
    code: "missing-file",
    message: expect.stringContaining(words),
  });
});

test("a stop ends the download at once", async () => {
  const checkpoint = await openCheckpoint(await open(undefined));
  const stop = new AbortController();
  const stopped = await openCheckpoint(await open(undefined, { signal: stop.signal }));
  hub.fault = () => {
    stop.abort();
    return true;
  };
  await expect(stopped.read("layer.11")).rejects.toMatchObject({ code: "cancelled" });
  hub.fault = undefined;
  expect((await checkpoint.read("layer.11")).dtype).toBe("F32");
});

test("a full disk costs the cache, not the load", async () => {
  const cache = await freshCache();
  const full: FileCache = {
    ...cache,
    async create(name) {
      const writer = await cache.create(name);
      if (!name.startsWith("weights-")) return writer;
      return { ...writer, write: () => Promise.reject(new Error("There is no room.")) };
    },
  };
  expect(await load(full)).toEqual({
    hash: await undisturbed,
    outcome: { cache: "not-stored", reason: "There is no room." },
  });
});
