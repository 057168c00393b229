/** A data set of the hub: its name as it is typed, what it holds, and the yes to reading it. */
import { create } from "zustand";
import type { HubOffer, HubSource } from "../../workers/protocol/dataset.ts";
import { seedReport } from "../../workers/recipe.ts";
import type { Remembered } from "../page/remembered.ts";
import { useApp } from "../page/store.ts";
import { callback, dataset } from "../page/workers.ts";
import { readToken } from "./account.ts";
import { useDataset } from "./dataset.ts";
import { useModel } from "./model.ts";
import { rememberOpened } from "./supply.ts";

/** What the seed report was trained on. */
export const SEED_DATA_SET = "HuggingFaceH4/llava-instruct-mix-vsft";

interface HubDataStore {
  name: string;
  /** As typed: a number, or "all". */
  rows: string;
  /** The hub is being asked. */
  asking: boolean;
  /** What it answered, waiting for a yes. */
  offer: HubOffer | undefined;
  setName(name: string): void;
  setRows(rows: string): void;
  /** Asks the hub what the data set holds; no content moves. */
  lookUp(): Promise<void>;
  /** Looks up the data set of the seed report, with the rows that the steps of its recipe take. */
  lookUpSeed(): Promise<void>;
  /** The yes to `offer`. */
  read(): Promise<void>;
  /** Rows of the last visit are shown: those that have yet to be prepared are read from the hub again. */
  again(data: NonNullable<Remembered["data"]>): void;
  dismiss(): void;
}

/** How many rows are meant: undefined for all of them, null for what is no number of rows. */
export function rowsMeant(text: string): number | undefined | null {
  const word = text.trim().toLowerCase();
  if (word === "all") return undefined;
  return /^[1-9]\d{0,8}$/.test(word) ? Number(word) : null;
}

const addressOf = ({ endpoint }: { endpoint: string }): string => endpoint.trim().replace(/\/+$/, "");

export const useHubData = create<HubDataStore>((set, get) => ({
  name: "",
  rows: "1000",
  asking: false,
  offer: undefined,
  // An offer is about the name that was looked up.
  setName: (name) => set({ name, offer: undefined }),
  setRows: (rows) => set({ rows }),
  async lookUp() {
    const app = useApp.getState();
    app.clear("data");
    const { name } = get();
    set({ asking: true, offer: undefined });
    try {
      const hub = { endpoint: useModel.getState().hub.endpoint, token: readToken() };
      const offer = await dataset((api, alive) =>
        api.lookUp(
          name,
          hub,
          callback(() => alive("")),
        ),
      );
      if (get().name === name) set({ offer });
    } catch (error) {
      if (get().name === name) app.fail("data", error);
    } finally {
      set({ asking: false });
    }
  },
  async lookUpSeed() {
    const { maxSteps, perDeviceTrainBatchSize, gradientAccumulationSteps } = seedReport;
    set({ name: SEED_DATA_SET, rows: String(maxSteps * perDeviceTrainBatchSize * gradientAccumulationSteps) });
    await get().lookUp();
  },
  async read() {
    const { offer, rows: text } = get();
    const rows = rowsMeant(text);
    if (!offer || rows === null) return;
    // The settings name another hub by now: the token is for that one, and so is the question.
    if (addressOf(useModel.getState().hub) !== offer.set.endpoint) return get().lookUp();
    set({ offer: undefined });
    const { label } = offer.set;
    await useDataset
      .getState()
      .use({ kind: "hub", label, set: offer.set, token: readToken(), ...(rows === undefined ? {} : { rows }) });
  },
  again(data) {
    const model = useModel.getState().info;
    if (!data.hub || !model || useDataset.getState().source) return;
    const { set: dataSet, rows } = data.hub;
    const token = readToken();
    const source: HubSource = { kind: "hub", label: data.label, set: dataSet, token, ...(rows ? { rows } : {}) };
    rememberOpened(data.id, source, model.preparation);
    useDataset.setState({ source });
  },
  dismiss: () => set({ offer: undefined }),
}));
