/** A run as it goes: status, buttons, curve, figures. */
import { counted, rows } from "./count.ts";

export const run = {
  buttons: {
    start: "Start training",
    pause: "Pause",
    resume: "Resume",
    resumeStops: "Resume stops the answer that is being written.",
    stop: "Stop and save",
    saving: "A checkpoint is being written.",
  },
  pace: {
    label: "Pace",
    modes: { "full speed": "Full speed", gentle: "Gentle" },
    hint: "Gentle leaves half of the GPU's time to other programs.",
  },
  missing: {
    model: "Load a model first",
    loading: "A model is being loaded",
    data: "Choose data first",
    wrong: (field: string) => `Correct ${field} first`,
    tooLarge: "Does not fit",
  },
  status: {
    states: {
      preparing: "Preparing the run",
      compiling: "Compiling kernels",
      evaluating: "Measuring held-out rows",
      pausing: "Pausing after this step",
      paused: "Paused",
      saving: "Saving",
      done: "Done",
      stopped: "Stopped and saved",
      failed: "Failed",
    },
    answering: "Answering held-out rows",
    measured: (what: string, n: number, of: number) => `${what}, ${n} of ${of}`,
    step: (n: number, of: number) => `Step ${n} of ${of}`,
    made: (n: number, of: number) => `${n} of ${of} steps`,
    loss: (loss: string) => `loss ${loss}`,
    left: (time: string) => `about ${time} left`,
    cannotPause: (state: string) => `${state}: a run can be paused while it trains.`,
    steps: "Steps",
    leftOut: (n: number) =>
      `${rows(n)} could not be used and ${n === 1 ? "was" : "were"} left out of the batches (see the skipped rows of the data).`,
  },
  figures: {
    more: "More figures",
    timeLeft: "Time left",
    step: "Step",
    loss: "Loss",
    heldOutLoss: "Held-out loss",
    gradientNorm: "Gradient norm",
    learningRate: "Learning rate",
    tokensPerSecond: "Tokens a second",
    ofAnswers: (name: string, n: number) => `${name} of ${counted(n, { one: "answer", other: "answers" })}`,
  },
  table: { box: "Loss of each step", label: "Loss table" },
  course: {
    ways: { falling: "Falling", rising: "Rising", level: "Level" },
    heldOut: "Held-out rows",
    once: (what: string, loss: string, step: number) => `${what}: ${loss} at step ${step}.`,
    from: (what: string, first: string, last: string, lowest: string, step: number) =>
      `${what}: ${first} → ${last}, lowest ${lowest} at step ${step}.`,
  },
  advice: {
    label: "Advice on the run",
    goesOn: "The run that goes on has its settings: stop it first.",
    end: "End the run here",
    download: (step: number) => `Download the one of step ${step}`,
    trainOn: (step: number) => `Train on from step ${step}`,
    below: (n: number) => counted(n, { one: "piece of advice below", other: "pieces of advice below" }),
  },
  files: {
    log: "Download log",
    recipe: "Download recipe",
    noRecipe: "The run is being written down: its recipe comes with the first step.",
  },
  answers: {
    title: "Answers as it trains",
    noneHeldOut: "This run holds no rows out, so none are answered.",
    picked: (n: number) => counted(n, { one: "picked row", other: "picked rows" }),
    atMost: (n: number) => `${counted(n, { one: "held-out row", other: "held-out rows" })} at most`,
    coming: (which: string) => `None yet. Asked before the first step, at each measurement and at the end: ${which}.`,
    none: "No held-out row was answered in this run.",
  },
};
