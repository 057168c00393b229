/** A run as a folder for a GPU server: the engine makes the small files, the dataset worker puts the rows beside them, in one zip. */
import { create } from "zustand";
import type { ToHandOver } from "../../workers/protocol/hand-over.ts";
import { type Place, useApp } from "../page/store.ts";
import { callback, dataset, engine } from "../page/workers.ts";
import { download } from "../parts/download.ts";
import { words } from "../words/index.ts";
import { useDataset } from "./dataset.ts";
import { engineSupply } from "./engine-supply.ts";

interface HandOverStore {
  /** What is being made, or was made last: a run's id, or "new". */
  of: string | undefined;
  busy: boolean;
  /** How far it is, or what came of it. */
  told: string;
  /** What the server does otherwise, a sentence each. */
  notes: string[];
  /** Makes it and hands it to the browser's downloads; what goes wrong is told at `place`. */
  make(what: ToHandOver, place: Place): Promise<void>;
}

export const useHandOver = create<HandOverStore>((set) => ({
  of: undefined,
  busy: false,
  told: "",
  notes: [],
  async make(what, place) {
    const { source, info } = useDataset.getState();
    if (!source) return;
    const say = words().runs.handOver;
    useApp.getState().clear(place);
    set({ of: "runId" in what ? what.runId : "new", busy: true, told: say.written(0), notes: [] });
    try {
      const run = await engine((api) => api.handOver(what, callback(engineSupply)));
      const onRow = (alive: (place: string) => void) =>
        callback((rows: number, at: string) => {
          alive(at);
          set({ told: say.written(rows) });
        });
      const packed = await dataset((api, alive) => api.packed(source, run, onRow(alive)));
      download(packed.file, `tabtune-handover-${(info?.label ?? "data").replace(/[^\p{L}\p{N}._-]+/gu, "-")}.zip`);
      set({ told: say.done(packed.rows, packed.leftOut), notes: run.notes });
    } catch (error) {
      set({ told: "" });
      useApp.getState().fail(place, error);
    } finally {
      set({ busy: false });
    }
  },
}));
