/** The path: rail or bar. */
import { rows, runs, steps } from "./count.ts";

export const path = {
  label: "Path",
  next: "Next:",
  titles: { model: "Model", data: "Data", train: "Train", result: "Result" },
  standing: { empty: "empty", working: "working", ready: "ready", "needs you": "needs you" },
  model: {
    loading: "Loading",
    notLoaded: "Not loaded",
    offered: "Waits for your yes",
    none: "None loaded",
  },
  data: {
    chosen: (n: number, label: string) => `${rows(n)}, ${label}`,
    none: "None chosen",
    asked: "Has a question for you",
    read: (n: number) => `${rows(n)} read`,
  },
  train: {
    at: (step: number, of: number) => `${step} of ${steps(of)}`,
    notStarted: "Not started",
    paused: (at: string) => `Paused, ${at}`,
    preparing: "Preparing",
    done: (at: string) => `Done, ${at}`,
    stopped: (at: string) => `Stopped, ${at}`,
  },
  result: {
    none: "No run yet",
    kept: (n: number) => `${runs(n)} kept`,
    interrupted: (n: number) => `${runs(n)} to go on with`,
  },
  steps: {
    watch: "Watch it learn",
    resume: "Resume the run, or ask it something meanwhile",
    answer: "Answer the question about your data",
    download: "Say yes to the download",
    load: "Load a model",
    goOn: "Go on with the interrupted run",
    choose: "Choose your pictures, or the sample data",
    loading: "The model is being loaded",
    reading: "The rows are being read",
    ask: "Ask it about a picture",
    start: "Start training",
  },
};
