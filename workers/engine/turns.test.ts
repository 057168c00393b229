/**
 * The table of turns.ts, pair by pair: something goes on, something else is asked. Whatever the order, no GPU operation meets a buffer that
 * is gone, what is refused disturbs nothing, and afterwards the model still answers.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ChatResult } from "../chat/conversation.ts";
import type { ErrorReport } from "../errors.ts";
import type { DroppedFile } from "../protocol/dataset.ts";
import type { ModelSource } from "../protocol/model.ts";
import { type TestEngine, testEngine, watchRun } from "../testing/engine.ts";
import type { RunSummary } from "../training/saved/runs.ts";
import { isAlive } from "./state.ts";

let engine: TestEngine;
/** A stopped run of one step or more, which can go on or speak. */
let saved: RunSummary;

/** What has been started and how it ended: "done", how an answer stopped, how a run ended, or the code and words of an error. */
interface Going {
  ended: Promise<string>;
}

const outcomeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    (value) => (value as ChatResult)?.stopped ?? (value as RunSummary)?.status ?? "done",
    ({ code, message }: ErrorReport) => `${code}: ${message}`,
  );

const load = (source = engine.source) => outcomeOf(engine.api.loadModel(source, {}, () => {}));
/** By the adapter that is on the model, or another run's. */
const question = (maxNewTokens: number, onText = () => {}, runId = engine.state.live?.runId) =>
  outcomeOf(
    engine.api.chat(
      {
        turns: [{ role: "user", text: "What is it?", pictures: [] }],
        adapter: runId === undefined ? undefined : { runId },
        maxNewTokens,
        temperature: 0,
        topP: 1,
        seed: 0,
      },
      onText,
    ),
  );
/** Settles when the first words are there. */
async function answering(): Promise<Going> {
  let ended!: Promise<string>;
  await new Promise<void>((begun) => {
    ended = question(1500, begun);
  });
  return { ended };
}

async function training(): Promise<Going & { run: ReturnType<typeof watchRun>; id: string }> {
  const run = watchRun();
  const { recipe, datasetId } = engine;
  const ended = outcomeOf(engine.api.train({ recipe, datasetId }, run.onEvent));
  const first = await run.until((event) => event.type === "step");
  return { ended, run, id: first.runId };
}

async function pausedRun(): Promise<Awaited<ReturnType<typeof training>>> {
  const going = await training();
  await engine.api.pause();
  await going.run.until((event) => event.type === "state" && event.state === "paused");
  return going;
}

/** A source whose files are not read before `open` is called. */
function slowly({ source }: TestEngine): { source: ModelSource; open(): void } {
  let open!: () => void;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { files, label } = source as Extract<ModelSource, { kind: "folder" }>;
  const slow = ({ path, blob }: DroppedFile): DroppedFile => {
    const after =
      <T>(read: () => Promise<T>) =>
      async (): Promise<T> => {
        await gate;
        return read();
      };
    const gated = (inner: Blob): Blob =>
      ({
        size: inner.size,
        text: after(() => inner.text()),
        arrayBuffer: after(() => inner.arrayBuffer()),
        slice: (from?: number, to?: number) => gated(inner.slice(from, to)),
      }) as Blob;
    return { path, blob: gated(blob) };
  };
  return { source: { kind: "folder", label, files: files.map(slow) }, open };
}

const failing: ModelSource = { kind: "folder", label: "nothing", files: [] };

/** A fresh saved run, for a test that spends one. */
async function makeSaved(): Promise<RunSummary> {
  const { ended, id } = await training();
  await engine.api.stopAndSave();
  expect(await ended).toBe("stopped");
  return (await engine.api.listRuns()).find((run) => run.id === id)!;
}

beforeAll(async () => {
  engine = await testEngine();
  expect(await load()).toBe("done");
  saved = await makeSaved();
});

beforeEach(async () => {
  if (!engine.state.model) await load();
});

/** Nothing of a test goes on into the next one, and the engine is as good as before. */
afterEach(async () => {
  const { api, state } = engine;
  await api.stopLoading();
  await api.stopAndSave();
  await api.stopChat();
  await expect.poll(() => state.runningId, { timeout: 20_000 }).toBeUndefined();
  expect(isAlive(state.model!.vlm.gpu)).toBe(true);
  expect(await question(4)).toMatch(/^(length|eos)$/);
});

describe("while a load goes on", () => {
  let slow: ReturnType<typeof slowly>;
  let going: Going;
  beforeEach(() => {
    slow = slowly(engine);
    going = { ended: load(slow.source) };
  });

  test("another load ends it", async () => {
    const second = load();
    slow.open();
    expect(await going.ended).toMatch(/^cancelled/);
    expect(await second).toBe("done");
  });
  test("it can be stopped, and the model before stands", async () => {
    const before = engine.state.model;
    await engine.api.stopLoading();
    slow.open();
    expect(await going.ended).toMatch(/^cancelled/);
    expect(engine.state.model).toBe(before);
    expect(await engine.api.currentModel()).toMatchObject({ id: before!.id });
  });
  test("a start is refused", async () => {
    const { recipe, datasetId } = engine;
    expect(await outcomeOf(engine.api.train({ recipe, datasetId }, () => {}))).toMatch(/A model is being loaded/);
    expect(await outcomeOf(engine.api.resumeRun(saved.id, () => {}))).toMatch(/A model is being loaded/);
    slow.open();
    expect(await going.ended).toBe("done");
  });
  test("the model that stands answers, and a longer answer ends when the new one stands", async () => {
    expect(await question(4)).toMatch(/^(length|eos)$/);
    const answer = await answering();
    slow.open();
    expect(await going.ended).toBe("done");
    expect(await answer.ended).toBe("user");
  });
  test("an adapter is put on and a run deleted", async () => {
    expect(await outcomeOf(engine.api.useAdapterOf(saved.id))).toBe("done");
    expect(await outcomeOf(engine.api.deleteRun((await makeLater()).id))).toBe("done");
    slow.open();
    expect(await going.ended).toBe("done");
    expect(engine.state.live).toBeUndefined();

    async function makeLater() {
      // A run cannot be made now: the record of one that never stepped will do.
      const { store } = engine;
      const bytes = await store.get(`run/${saved.id}/info`);
      await store.set([["run/other/info", bytes!]], "relaxed");
      return { id: "other" };
    }
  });
});

test("a model that cannot be loaded leaves the one before, its adapter and its answer", async () => {
  expect(await outcomeOf(engine.api.useAdapterOf(saved.id))).toBe("done");
  const { model, live } = engine.state;
  const answer = await answering();
  expect(await load(failing)).toMatch(/config.json/);
  expect(engine.state).toMatchObject({ model, live });
  await engine.api.stopChat();
  expect(await answer.ended).toBe("user");
});

test("without room for two models the one before goes first, and comes back when the new one fails", async () => {
  const { device } = engine.state.gpu!;
  const pop = device.popErrorScope;
  /** The next `trials` trial allocations find the GPU full: the first of their two scopes says so. */
  const fullFor = (trials: number): void => {
    let pops = 0;
    device.popErrorScope = async () => {
      const error = await pop.call(device);
      return pops < 2 * trials && pops++ % 2 === 0 ? ({ message: "full" } as GPUError) : error;
    };
  };
  try {
    const before = await engine.api.currentModel();
    fullFor(2);
    expect(await load()).toMatch("out-of-memory: The GPU has no room for this: full");
    expect(await engine.api.currentModel()).toEqual(before);
    fullFor(1);
    expect(await load()).toBe("done");
  } finally {
    device.popErrorScope = pop;
  }
});

describe("while an answer is written", () => {
  test.each([
    ["a load", () => load(), "done"],
    ["another question", () => question(4), /length|eos/],
    ["Stop", () => outcomeOf(engine.api.stopChat()), "done"],
    ["another adapter", () => outcomeOf(engine.api.useAdapterOf(saved.id)), "done"],
    ["a question to another adapter", () => question(4, undefined, saved.id), /length|eos/],
  ])("%s ends it", async (_, ask, outcome) => {
    const answer = await answering();
    expect(await ask()).toMatch(outcome);
    expect(await answer.ended).toBe("user");
  });

  test("a start ends it", async () => {
    const answer = await answering();
    const { ended } = await training();
    expect(await answer.ended).toBe("user");
    await engine.api.stopAndSave();
    expect(await ended).toBe("stopped");
  });
  test("a resumed run ends it", async () => {
    const answer = await answering();
    const run = watchRun();
    const ended = outcomeOf(engine.api.resumeRun(saved.id, run.onEvent));
    await run.until((event) => event.type === "step");
    expect(await answer.ended).toBe("user");
    await engine.api.stopAndSave();
    expect(await ended).toBe("stopped");
  });
  test("the deletion of the run by whose adapter it speaks ends it", async () => {
    const spent = await makeSaved();
    await engine.api.useAdapterOf(spent.id);
    const answer = await answering();
    expect(await outcomeOf(engine.api.deleteRun(spent.id))).toBe("done");
    expect(await answer.ended).toBe("user");
    expect(engine.state.live).toBeUndefined();
  });
  test("an adapter that cannot be read leaves the one before, and the answer", async () => {
    await engine.api.useAdapterOf(saved.id);
    const { live } = engine.state;
    const answer = await answering();
    expect(await outcomeOf(engine.api.useAdapterOf("no such run"))).toMatch(/not in the browser's storage/);
    expect(engine.state.live).toBe(live);
    await engine.api.stopChat();
    expect(await answer.ended).toBe("user");
  });
  test("a stop that comes before the first word is not forgotten", async () => {
    const ended = question(1500);
    await engine.api.stopChat();
    expect(await ended).toBe("user");
  });
});

describe("while a run goes on", () => {
  test("what would take the model from it is refused, and it goes on", async () => {
    const { ended, run, id } = await training();
    const { recipe, datasetId, api } = engine;
    const refused = /A run is going on|The model is training/;
    expect(await load()).toMatch(refused);
    expect(await outcomeOf(api.train({ recipe, datasetId }, () => {}))).toMatch(refused);
    expect(await outcomeOf(api.resumeRun(saved.id, () => {}))).toMatch(refused);
    expect(await outcomeOf(api.useAdapterOf(saved.id))).toMatch(refused);
    expect(await outcomeOf(api.deleteRun(id))).toMatch(refused);
    expect(await outcomeOf(api.deleteStored("data", datasetId))).toMatch(refused);
    expect(await question(4)).toMatch(refused);
    const { length } = run.events;
    await expect.poll(() => run.events.slice(length).some(({ type }) => type === "step")).toBe(true);
    await api.stopAndSave();
    expect(await ended).toBe("stopped");
  });
  test("a question between Pause and the pause itself is refused", async () => {
    const { ended } = await training();
    void engine.api.pause();
    expect(await question(4)).toMatch(/The model is training/);
    await engine.api.stopAndSave();
    expect(await ended).toBe("stopped");
  });
});

describe("while a run is paused", () => {
  test("Resume ends the answer, and the run goes on", async () => {
    const { ended, run } = await pausedRun();
    const answer = await answering();
    const { length } = run.events;
    await engine.api.unpause();
    expect(await answer.ended).toBe("user");
    await expect.poll(() => run.events.slice(length).some(({ type }) => type === "step")).toBe(true);
    await engine.api.stopAndSave();
    expect(await ended).toBe("stopped");
  });
  test("Stop leaves the answer to its end", async () => {
    const { ended } = await pausedRun();
    const answer = await answering();
    await engine.api.stopAndSave();
    expect(await ended).toBe("stopped");
    await engine.api.stopChat();
    expect(await answer.ended).toBe("user");
  });
  test("a load is refused and the answer goes on", async () => {
    const { ended } = await pausedRun();
    const answer = await answering();
    expect(await load()).toMatch(/A run is going on/);
    await engine.api.stopChat();
    expect(await answer.ended).toBe("user");
    await engine.api.stopAndSave();
    expect(await ended).toBe("stopped");
  });
  test("a question to another adapter is refused, and the run can go on", async () => {
    const { ended } = await pausedRun();
    expect(await question(4, undefined, saved.id)).toMatch(/A run is going on/);
    expect(await question(4)).toMatch(/^(length|eos)$/);
    await engine.api.stopAndSave();
    expect(await ended).toBe("stopped");
  });
  test("a second question ends the first", async () => {
    const { ended } = await pausedRun();
    const answer = await answering();
    expect(await question(4)).toMatch(/^(length|eos)$/);
    expect(await answer.ended).toBe("user");
    await engine.api.stopAndSave();
    expect(await ended).toBe("stopped");
  });
});

test("an answer that was cut goes on as if it had not been", async () => {
  const request = {
    turns: [{ role: "user" as const, text: "What is it?", pictures: [] }],
    temperature: 0,
    topP: 1,
    seed: 0,
  };
  const { api } = engine;
  const whole = await api.chat({ ...request, maxNewTokens: 24 }, () => {});
  const cut = await api.chat({ ...request, maxNewTokens: 10 }, () => {});
  expect(cut).toMatchObject({ stopped: "length", ids: whole.ids.slice(0, 10) });
  const rest = await api.chat({ ...request, maxNewTokens: 14, begun: cut.ids }, () => {});
  expect(rest).toMatchObject({ ids: whole.ids, text: whole.text, tokens: whole.ids.length - 10 });
  // Words that are drawn go on as well: a draw is a function of seed and position.
  const drawn = { ...request, temperature: 1.2, topP: 0.9, seed: 3 };
  const all = await api.chat({ ...drawn, maxNewTokens: 24 }, () => {});
  const half = await api.chat({ ...drawn, maxNewTokens: 10 }, () => {});
  const end = await api.chat({ ...drawn, maxNewTokens: all.ids.length - 10, begun: half.ids }, () => {});
  expect(end.ids).toEqual(all.ids);
  const full = await api.chat({ ...request, maxNewTokens: 100_000 }, () => {});
  expect(full.stopped).toMatch(/^(full|eos)$/);
});

test("a deletion waits for the download of that run", async () => {
  const spent = await makeSaved();
  const [zip, gone] = await Promise.all([engine.api.downloadAdapter(spent.id), engine.api.deleteRun(spent.id)]);
  expect(zip.size).toBeGreaterThan(1000);
  expect(gone).toBeUndefined();
  expect((await engine.api.listRuns()).some(({ id }) => id === spent.id)).toBe(false);
});

describe("while the kernels are tried", () => {
  let going: Going;
  beforeEach(async () => {
    await engine.store.delete(await engine.store.keys("self-test/"));
    going = { ended: outcomeOf(engine.api.selfTest(true)) };
    await expect.poll(() => engine.state.testing).toBeDefined();
  });
  afterEach(() => going.ended);

  test("a model that takes this one's place ends the test, and is tried anew", async () => {
    expect(await load()).toBe("done");
    expect(await going.ended).toMatch(/^cancelled: The test of the kernels was ended/);
    expect(await engine.api.selfTest(true)).toMatchObject({ passed: true });
  });
  test("an answer is written first", async () => {
    const answer = await answering();
    const { results } = await tests(2);
    expect(results, "tried beside an answer").toBe(0);
    await engine.api.stopChat();
    expect(await answer.ended).toBe("user");
    expect(await going.ended).toBe("done");

    /** How many parts of the test end in some seconds. */
    async function tests(seconds: number): Promise<{ results: number }> {
      const { counters } = engine.state.model!.vlm;
      // What was begun before the answer ends beside it.
      await new Promise((resolve) => setTimeout(resolve, 3000));
      const before = counters.pipelinesCreated;
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
      return { results: counters.pipelinesCreated - before };
    }
  });
  test("a run waits for the verdict", async () => {
    const { ended } = await training();
    expect(await going.ended).toBe("done");
    await engine.api.stopAndSave();
    expect(await ended).toBe("stopped");
  });
});
