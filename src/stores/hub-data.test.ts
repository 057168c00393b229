import { beforeEach, expect, test, vi } from "vitest";
import type { DatasetSource, HubOffer } from "../../workers/protocol/dataset.ts";

const asked: { name: string; endpoint: string; token: string }[] = [];
let answers: ((offer: HubOffer) => void)[] = [];
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
vi.stubGlobal("window", {});
vi.stubGlobal("document", { querySelector: () => null });
vi.mock("../page/workers.ts", () => ({
  callback: (call: unknown) => call,
  dataset: (call: (api: unknown) => unknown) =>
    call({
      lookUp: (name: string, hub: { endpoint: string; token: string }) =>
        new Promise((resolve) => {
          asked.push({ name, ...hub });
          answers.push(resolve);
        }),
    }),
}));
const { rowsMeant, useHubData } = await import("./hub-data.ts");
const { useAccount } = await import("./account.ts");
const { useDataset } = await import("./dataset.ts");
const { useModel } = await import("./model.ts");

const hub = "https://hub.example";
const offerOf = (label: string): HubOffer => ({
  set: {
    endpoint: hub,
    repo: label,
    commit: "c0ffee",
    config: "default",
    split: "train",
    label,
    licence: "",
    files: [],
    bytes: 0,
    notes: [],
  },
  keptBytes: 0,
});
const answered = async (offer: HubOffer): Promise<void> => {
  answers.shift()!(offer);
  await new Promise((resolve) => setTimeout(resolve));
};
let used: DatasetSource[];
beforeEach(() => {
  asked.length = 0;
  answers = [];
  used = [];
  useDataset.setState({ use: async (source) => void used.push(source) });
  useModel.getState().setHub({ endpoint: `${hub}/`, token: "" });
  useAccount.setState({ account: undefined });
  useHubData.setState({ name: "a/b", rows: "1000", offer: undefined, asking: false });
});

test("rows as they are typed", () => {
  expect(["1000", " 5 ", "all", "ALL", "0", "", "1e3", "-1", "many"].map(rowsMeant)).toEqual([
    1000,
    5,
    undefined,
    undefined,
    ...Array.from({ length: 5 }, () => null),
  ]);
});

test("an answer about a name that is no longer there is not shown", async () => {
  const { lookUp, setName } = useHubData.getState();
  void lookUp();
  setName("c/d");
  await answered(offerOf("a/b"));
  expect(useHubData.getState()).toMatchObject({ offer: undefined, asking: false });
  void lookUp();
  await answered(offerOf("c/d"));
  expect(useHubData.getState().offer).toEqual(offerOf("c/d"));
});

test("what was looked up is read after a yes, with the rows that are meant then", async () => {
  void useHubData.getState().lookUp();
  await answered(offerOf("a/b"));
  expect(used).toEqual([]);
  useHubData.getState().setRows("7");
  await useHubData.getState().read();
  useHubData.setState({ offer: offerOf("a/b"), rows: "all" });
  await useHubData.getState().read();
  const source = { kind: "hub", label: "a/b", set: offerOf("a/b").set, token: "" };
  expect(used).toEqual([{ ...source, rows: 7 }, source]);
});

test("a token goes to its own hub only", async () => {
  const account = { name: "me", token: "of the sign-in", expiresAt: Date.now() + 1e6, endpoint: hub };
  useAccount.setState({ account });
  const { lookUp, read } = useHubData.getState();
  void lookUp();
  await answered(offerOf("a/b"));
  useModel.getState().setHub({ endpoint: "https://other.example", token: "of the other" });
  void read();
  await answered(offerOf("a/b"));
  useModel.getState().setHub({ token: "" });
  void lookUp();
  expect([used, asked]).toEqual([
    [],
    [
      { name: "a/b", endpoint: `${hub}/`, token: "of the sign-in" },
      { name: "a/b", endpoint: "https://other.example", token: "of the other" },
      { name: "a/b", endpoint: "https://other.example", token: "" },
    ],
  ]);
});

test("rows of the last visit go on from the hub, with the token of now and none that was kept", () => {
  const { set } = offerOf("a/b");
  useDataset.setState({ source: undefined });
  useModel.setState({ info: { preparation: { id: "p" } } as never });
  useModel.getState().setHub({ endpoint: hub, token: "now" });
  const data = { id: "d", label: "a/b", rows: 5000, sample: false, preparation: "p" };
  useHubData.getState().again(data);
  expect(useDataset.getState().source).toBeUndefined();
  useHubData.getState().again({ ...data, hub: { set, rows: 5000 } });
  expect(useDataset.getState().source).toEqual({ kind: "hub", label: "a/b", set, rows: 5000, token: "now" });
});
