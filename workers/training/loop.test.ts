import { expect, test } from "vitest";
import type { Position } from "../data/batches/sampler.ts";
import { TabTuneError } from "../errors.ts";
import { parseRecipe } from "../recipe.ts";
import type { StepRecord } from "./events.ts";
import { newControl, type TrainerState, train } from "./loop.ts";

/** A run without a GPU: each step notes what it was given, and `during` may press buttons while it works. */
function bench(options: {
  saveSteps?: number;
  lastStep?: number;
  during?: (step: number) => void;
  start?: number;
  room?: () => boolean;
  /** What a save waits for. */
  disk?: () => Promise<void>;
  /** Evaluates every so many steps; `batch` is called before each of its two batches, and the run ends after the evaluation of `endsAt`. */
  every?: number;
  batch?: (step: number) => void;
  endsAt?: number;
}) {
  const { saveSteps = 100, lastStep = 6, during = () => {}, start = 0, room = () => true, every, batch } = options;
  const events: string[] = [];
  const records: StepRecord[] = [];
  const control = newControl();
  const evaluated: number[] = [];
  const evaluation = {
    isDue: (step: number) => step % every! === 0 && !evaluated.includes(step),
    async run(step: number, goOn: () => Promise<boolean>) {
      for (let n = 0; n < 2; n++) {
        batch?.(step);
        if (!(await goOn())) return void events.push(`evaluation ${step} left`);
      }
      evaluated.push(step);
      events.push(`evaluation ${step}`);
    },
    get ended() {
      return evaluated.at(-1) === options.endsAt;
    },
  };
  const state: TrainerState = { step: start, position: { epoch: 0, index: start } };
  const ended = () =>
    train(
      state,
      {
        recipe: parseRecipe({ learning_rate: 1, warmup_steps: 0, lr_scheduler_type: "linear", save_steps: saveSteps }),
        totalSteps: 10,
        lastStep,
        load: async (position: Position) => ({
          microBatches: [],
          next: { epoch: position.epoch, index: position.index + 1 },
        }),
        runStep: async (_examples, step) => {
          during(step);
          return { loss: step, gradNorm: 1, targetTokens: 2, tokens: 3 };
        },
        save: async ({ step, position }) => {
          if (!room()) throw new TabTuneError("storage-full", "No room.", "Free some.");
          await options.disk?.();
          events.push(`save ${step} at ${position.index}`);
        },
        onStep: (record) => {
          events.push(`step ${record.step}`);
          records.push(record);
        },
        onPause: (paused) => void events.push(paused ? "paused" : "going"),
        ...(every === undefined ? {} : { evaluation }),
        ...(options.room && { onFull: () => void events.push("full") }),
      },
      control,
    );
  return { events, records, control, state, ended };
}

test("runs to the last step with the rates of the whole schedule, and saves at the end", async () => {
  const b = bench({ lastStep: 3 });
  expect(await b.ended()).toBe("done");
  expect(b.events).toEqual(["step 1", "step 2", "step 3", "save 3 at 3"]);
  // linear from 1 over ten steps: the schedule does not know that the run stops at three.
  expect(b.records.map((r) => r.learningRate)).toEqual([1, 0.9, 0.8]);
  expect(b.records[2]).toMatchObject({ step: 3, loss: 3, gradNorm: 1, targetTokens: 2, tokens: 3 });
});

test("saves every save_steps steps, and not twice at the end", async () => {
  const b = bench({ saveSteps: 2, lastStep: 4 });
  await b.ended();
  expect(b.events).toEqual(["step 1", "step 2", "save 2 at 2", "step 3", "step 4", "save 4 at 4"]);
});

test("evaluates before the first step and between steps, each after its checkpoint", async () => {
  const b = bench({ every: 2, saveSteps: 3, lastStep: 4 });
  expect(await b.ended()).toBe("done");
  const first = ["evaluation 0", "step 1", "step 2", "save 2 at 2", "evaluation 2"];
  expect(b.events).toEqual([...first, "step 3", "save 3 at 3", "step 4", "save 4 at 4", "evaluation 4"]);
});

test("a run that was cut in an evaluation begins with it", async () => {
  const b = bench({ every: 2, start: 4, lastStep: 5 });
  await b.ended();
  expect(b.events).toEqual(["evaluation 4", "step 5", "save 5 at 5"]);
});

test("an evaluation can be paused and stopped: one that is not whole does not count", async () => {
  let seen = 0;
  const b = bench({
    ...{ every: 2, lastStep: 4 },
    batch: (step) => {
      seen += 1;
      if (step === 2 && seen === 3) {
        b.control.set({ pause: true });
        setTimeout(() => b.control.set({ pause: false }));
      }
      if (step === 4) b.control.set({ stop: true });
    },
  });
  // All steps are made, whatever became of the last evaluation.
  expect(await b.ended()).toBe("done");
  expect(b.events).toEqual(
    ["evaluation 0", "step 1", "step 2", "save 2 at 2", "paused", "going", "evaluation 2"].concat([
      ...["step 3", "step 4", "save 4 at 4", "evaluation 4 left"],
    ]),
  );
});

test("ends where the evaluations say so", async () => {
  const b = bench({ every: 2, endsAt: 2 });
  expect(await b.ended()).toBe("done");
  expect(b.events).toEqual(["evaluation 0", "step 1", "step 2", "save 2 at 2", "evaluation 2"]);
});

test("goes on from a saved state", async () => {
  const b = bench({ start: 4, lastStep: 6 });
  await b.ended();
  expect(b.events).toEqual(["step 5", "step 6", "save 6 at 6"]);
  expect(b.records.map((r) => r.learningRate)).toEqual([0.6, 0.5]);
});

test("stop ends after the step that is running, and saves it", async () => {
  const b = bench({ during: (step) => step === 2 && b.control.set({ stop: true }) });
  expect(await b.ended()).toBe("stopped");
  expect(b.events).toEqual(["step 1", "step 2", "save 2 at 2"]);
  expect(b.state).toEqual({ step: 2, position: { epoch: 0, index: 2 } });
});

test("pause saves and waits; unpause goes on", async () => {
  const b = bench({ lastStep: 3, during: (step) => step === 1 && b.control.set({ pause: true }) });
  const ended = b.ended();
  await expect.poll(() => b.events.at(-1)).toBe("paused");
  expect(b.events).toEqual(["step 1", "save 1 at 1", "paused"]);
  // A change of something else does not wake the run.
  b.control.set({ save: true });
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(b.events.at(-1)).toBe("paused");
  b.control.set({ save: false, pause: false });
  expect(await ended).toBe("done");
  expect(b.events.slice(3)).toEqual(["going", "step 2", "step 3", "save 3 at 3"]);
});

test("stop while paused ends without another step or save", async () => {
  const b = bench({ during: (step) => step === 2 && b.control.set({ pause: true }) });
  const ended = b.ended();
  await expect.poll(() => b.events.at(-1)).toBe("paused");
  b.control.set({ stop: true });
  expect(await ended).toBe("stopped");
  expect(b.events).toEqual(["step 1", "step 2", "save 2 at 2", "paused", "going"]);
});

test("a save that was asked for comes after the step, once", async () => {
  const b = bench({ lastStep: 3, during: (step) => step === 1 && b.control.set({ save: true }) });
  await b.ended();
  expect(b.events).toEqual(["step 1", "save 1 at 1", "step 2", "step 3", "save 3 at 3"]);
});

test("on a slow disk, saves that are asked for meanwhile wait for their turn", async () => {
  let open = 0;
  let most = 0;
  const b = bench({
    lastStep: 3,
    saveSteps: 1,
    disk: async () => {
      open += 1;
      most = Math.max(most, open);
      b.control.set({ save: true });
      await new Promise((resolve) => setTimeout(resolve, 20));
      b.control.set({ save: true });
      open -= 1;
    },
  });
  await b.ended();
  expect(most).toBe(1);
  expect(b.events).toEqual(["step 1", "save 1 at 1", "step 2", "save 2 at 2", "step 3", "save 3 at 3"]);
});

test("a step that fails leaves the state at the step before, unsaved", async () => {
  const b = bench({
    during: (step) => {
      if (step === 3) throw new Error("no");
    },
  });
  await expect(b.ended()).rejects.toThrow("no");
  expect(b.state).toEqual({ step: 2, position: { epoch: 0, index: 2 } });
  expect(b.events).toEqual(["step 1", "step 2"]);
});

test.each([
  ["on the way", 2, 4, ["save 2 at 2", "step 3", "step 4", "save 4 at 4"]],
  ["at the end", 100, 2, ["save 2 at 2"]],
])("a full disk %s pauses the run; it goes on with the save that failed", async (_, saveSteps, lastStep, rest) => {
  let room = false;
  const b = bench({ saveSteps, lastStep, room: () => room });
  const ended = b.ended();
  await expect.poll(() => b.events.at(-1)).toBe("paused");
  expect(b.events).toEqual(["step 1", "step 2", "full", "paused"]);
  b.control.set({ pause: false });
  await expect.poll(() => b.events.at(-1), { message: "still no room" }).toBe("paused");
  expect(b.events.slice(4)).toEqual(["going", "full", "paused"]);
  room = true;
  b.control.set({ pause: false });
  expect(await ended).toBe("done");
  expect(b.events.slice(7)).toEqual(["going", ...rest]);
});

test("stop while the disk is full ends with that error", async () => {
  const b = bench({ saveSteps: 1, room: () => false });
  const ended = b.ended();
  await expect.poll(() => b.events.at(-1)).toBe("paused");
  b.control.set({ stop: true });
  await expect(ended).rejects.toMatchObject({ code: "storage-full" });
});
