/**
 * A GPU that the browser withholds: behind two crashes of its GPU process within two minutes Chromium offers pages no adapter for two
 * minutes. A reload by script or a link does not change that, one by the person does at once. So the tab keeps the run's name for such a
 * reload (not in the address: a link starts nothing), asks again meanwhile, and in the end says what else there is to do.
 */
import { create } from "zustand";
import { TabTuneError } from "../../workers/errors.ts";
import { useApp } from "../page/store.ts";
import { words } from "../words/index.ts";
import { useModel } from "./model.ts";
import { isRunning } from "./run-state.ts";
import { useRuns } from "./runs.ts";
import { useTraining } from "./training.ts";

interface WithheldGpuStore {
  /** The run that waits for the GPU. */
  waiting: string | undefined;
  /** A run has lost the GPU, and the browser does not give it back. */
  begin(runId: string): Promise<void>;
  /** To be called once, when the page has the model again that was there before it was reloaded: the run that waited goes on. */
  comeBack(): Promise<void>;
}

const KEY = "tabtune-waits-for-gpu";
const ASK_MS = 10_000;
/** Chromium's two minutes, and some. */
const TIMES = 18;

const fail = (code: "gpu-withheld" | "device-lost", message: string, remedy: string): void =>
  useApp.getState().fail("training", new TabTuneError(code, message, remedy, words().workers.saved));

export const useWithheldGpu = create<WithheldGpuStore>((set, get) => {
  /** The GPU is there: so is the run, unless somebody began another one or took it away. */
  const goOn = async (runId: string): Promise<void> => {
    sessionStorage.removeItem(KEY);
    set({ waiting: undefined });
    if (!useModel.getState().info) await useModel.getState().comeBack();
    await useRuns.getState().refresh();
    if (isRunning(useTraining.getState().state)) return;
    // Nobody asks any more.
    useApp.getState().clear("training");
    const isThere = useRuns.getState().runs.some(({ id }) => id === runId);
    if (!useModel.getState().info || !isThere) return;
    await useTraining.getState().resumeRun(runId, words().workers.wentOn);
  };
  const wait = async (runId: string): Promise<void> => {
    for (let n = 0; n < TIMES; n++) {
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
      if (get().waiting !== runId) return;
      await useApp.getState().probe();
      if (useApp.getState().capability?.usable) return goOn(runId);
    }
    set({ waiting: undefined });
    sessionStorage.removeItem(KEY);
    const { withheldStill, restart } = words().workers;
    fail("device-lost", withheldStill, restart);
  };
  return {
    waiting: undefined,
    async begin(runId) {
      if (get().waiting === runId) return;
      set({ waiting: runId });
      sessionStorage.setItem(KEY, runId);
      const { withheld, withheldWait } = words().workers;
      // Where the engine has told it: the same again, in the page's language and with what the page does by itself.
      fail("gpu-withheld", withheld, withheldWait);
      await wait(runId);
    },
    async comeBack() {
      const runId = sessionStorage.getItem(KEY);
      if (runId === null) return;
      if (useApp.getState().capability?.usable) await goOn(runId);
      else await get().begin(runId);
    },
  };
});
