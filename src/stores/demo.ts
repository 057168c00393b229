/** The demo in one press: its model, the sample data and a short run, one after the other, as somebody would press the buttons. */
import { create } from "zustand";
import { goTo } from "../page/address.ts";
import { words } from "../words/index.ts";
import { useDataset } from "./dataset.ts";
import demoRun from "./demo-run.json";
import { useModel } from "./model.ts";
import { useTraining } from "./training.ts";

/*
 * The run in demo-run.json: of the demo model's own recipe: as many rows as about a minute on two idle cores allows. Of the 32 pictures that are in no sample
 * (public/demo/data/heldout), 15 are then described word for word, none before, and all in the new voice. Six held-out rows are answered:
 * all twelve would be 18 answers more, 13 seconds of processor time for the same story. `scripts/record-example.mjs` records such a run
 * for the welcome.
 */

interface DemoStore {
  /** What is being done, in words; "" when the demo was not asked for, has ended, or went wrong where its panel tells it. */
  doing: string;
  begin(): Promise<void>;
}

export const useDemo = create<DemoStore>((set, get) => ({
  doing: "",
  async begin() {
    if (get().doing) return;
    try {
      set({ doing: words().welcome.doing.model });
      useModel.getState().choose({ kind: "embedded" });
      await useModel.getState().load();
      if (!useModel.getState().info) return await goTo("model");
      set({ doing: words().welcome.doing.data });
      await useDataset.getState().use({ kind: "sample" });
      if (useDataset.getState().source?.kind !== "sample") return await goTo("data");
      const { setPreset, setFields, start } = useTraining.getState();
      setPreset("Demo model", false);
      setFields({ ...useTraining.getState().fields, ...demoRun }, "Demo model");
      set({ doing: words().welcome.doing.train });
      const run = start();
      await goTo("train");
      await run;
      if (useTraining.getState().state === "done") await goTo("result");
    } finally {
      set({ doing: "" });
    }
  },
}));
