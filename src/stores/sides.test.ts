import { beforeEach, expect, test, vi } from "vitest";
import type { ChatRequest, ChatResult } from "../../workers/chat/conversation.ts";
import type { Vote, VoteToKeep } from "../../workers/chat/votes.ts";
import type { ModelInfo } from "../../workers/protocol/model.ts";
import type { RunSummary } from "../../workers/training/saved/runs.ts";

/** What the engine was asked, and what it says: words that tell who was asked and with which seed. */
const asked: ChatRequest[] = [];
const said = vi.fn<(request: ChatRequest) => Partial<ChatResult>>();
const votes = new Map<string, VoteToKeep>();

vi.hoisted(() => {
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => {} });
});
vi.mock("../page/workers.ts", () => {
  const api = {
    async chat(request: ChatRequest, onEvent: (event: unknown) => void): Promise<ChatResult> {
      asked.push(request);
      const text = `${request.adapter?.runId ?? "base"} ${request.seed}`;
      const result = { text, ids: [1, 2], tokens: 2, seconds: 1, changeSeconds: 0, stopped: "eos" as const };
      const answer = { ...result, ...said(request) };
      onEvent({ type: "text", text: answer.text });
      return answer;
    },
    async keepVote(vote: VoteToKeep) {
      votes.set(vote.id, vote);
    },
    listVotes: async () => ({ votes: [...votes.values()] as unknown as Vote[], damaged: 0 }),
    async deleteVotes(id: string) {
      votes.delete(id);
    },
  };
  return {
    engine: async (call: (a: typeof api) => unknown) => call(api),
    callback: (f: unknown) => f,
  };
});

const { useApp } = await import("../page/store.ts");
const { useChat } = await import("./chat.ts");
const { useModel } = await import("./model.ts");
const { useRuns } = await import("./runs.ts");
const { pairOf, useSides } = await import("./sides.ts");
const { useVotes } = await import("./votes.ts");

const run = (id: string): RunSummary =>
  ({ id, name: id, modelId: "m", bytes: 5, step: 4, recipe: {}, lineage: { more: [] } }) as unknown as RunSummary;
const picture = (name: string) => ({ file: new File(["x"], name), url: `blob:${name}` });
const rows = () => useSides.getState().rows;
const last = () => rows().at(-1)!;
const { ask, edit, goOn, regenerate, vote, setBlind } = useSides.getState();

beforeEach(() => {
  for (const store of [useApp, useChat, useModel, useRuns, useSides, useVotes]) {
    (store as typeof useApp).setState((store as typeof useApp).getInitialState(), true);
  }
  useModel.setState({ info: { id: "m", label: "tiny", systemRole: true } as ModelInfo });
  useRuns.setState({ runs: [run("voice"), run("other")] });
  asked.length = 0;
  votes.clear();
  said.mockReset().mockReturnValue({});
  vi.restoreAllMocks();
});

test("both are asked the same with one seed and the same settings, and each goes on from its own words", async () => {
  useChat.setState({ attached: [picture("a.png")], temperature: 0.7, system: "Be short." });
  await ask("What is it?");
  await ask("And now?");
  const [left, right, leftAgain, rightAgain] = asked;
  expect([left?.adapter, right?.adapter]).toEqual([undefined, { runId: "voice" }]);
  expect({ ...left, adapter: undefined }).toEqual({ ...right, adapter: undefined });
  expect(left).toMatchObject({ temperature: 0.7, system: "Be short.", topP: 0.95, maxNewTokens: 256 });
  expect(left?.turns[0]?.pictures.length).toBe(1);
  expect(leftAgain?.seed).toBe(rightAgain?.seed);
  expect(leftAgain?.seed).not.toBe(left?.seed);
  const words = (request: ChatRequest | undefined) => request?.turns.map(({ text }) => text);
  expect(words(leftAgain)).toEqual(["What is it?", `base ${left?.seed}`, "And now?"]);
  expect(words(rightAgain)).toEqual(["What is it?", `voice ${left?.seed}`, "And now?"]);
  expect(rows().map((row) => row.left.footnote)).toEqual(["2 tokens, 2.0 a second", "2 tokens, 2.0 a second"]);
});

test("another pair begins anew, and sees the picture that was asked about last", async () => {
  useChat.setState({ attached: [picture("a.png")] });
  await ask("What is it?");
  useSides.getState().pick("left", "m other");
  await ask("And you two?");
  expect(asked.slice(2).map(({ adapter, turns }) => [adapter?.runId, turns.length])).toEqual([
    ["other", 1],
    ["voice", 1],
  ]);
  expect(asked[2]?.turns[0]?.pictures.length).toBe(1);
});

test("a stop on the left leaves the right unasked; a failure leaves what is there, or nothing", async () => {
  said.mockReturnValueOnce({ stopped: "user" });
  await ask("One?");
  expect(asked.length).toBe(1);
  expect(last()).toMatchObject({ left: { stopped: "user" }, right: { footnote: "not asked: stopped" } });
  await vote(last(), "left");
  expect(votes.size, "an answer is missing").toBe(0);

  const shot = picture("b.png");
  useChat.setState({ attached: [shot] });
  said.mockImplementationOnce(() => {
    throw new Error("gone");
  });
  await ask("Two?");
  expect(rows().length).toBe(1);
  expect(useChat.getState()).toMatchObject({ attached: [shot], busy: false });
  said.mockReturnValueOnce({}).mockImplementationOnce(() => {
    throw new Error("gone");
  });
  await ask("Three?");
  expect(last()).toMatchObject({ left: { ids: [1, 2] }, right: { text: "", footnote: "no answer" } });
  expect(useApp.getState().errors.chat?.safe).toContain("The left answer is kept.");
  await ask("Four?");
  // Who has not answered a question was not asked it.
  expect(asked.at(-1)?.turns.map(({ text }) => text)).toEqual(["Four?"]);
});

test("an answer that is asked for again has another seed, and says where it is the same", async () => {
  said.mockImplementation(({ adapter }) => (adapter ? { text: "the same" } : {}));
  await ask("What is it?");
  const before = last();
  await regenerate();
  expect(rows().length).toBe(1);
  expect(last().seed).not.toBe(before.seed);
  expect(last().voteId).not.toBe(before.voteId);
  expect(last().left.footnote).not.toContain("same");
  expect(last().right.footnote).toContain("the same as before: at temperature 0");
});

test("answers that were cut are written on with what they were asked with; one that has ended stays", async () => {
  said.mockImplementation(({ adapter }) => (adapter ? {} : { stopped: "length" }));
  await ask("What is it?");
  const before = last();
  useChat.setState({ temperature: 1.5 });
  said.mockImplementation(({ begun = [] }) => ({ text: "base, and more", ids: [...begun, 3] }));
  await goOn(before);
  expect(asked.length).toBe(3);
  expect(asked[2]).toMatchObject({ begun: [1, 2], seed: before.seed, temperature: before.temperature });
  expect(asked[2]?.turns.map(({ text }) => text)).toEqual(["What is it?"]);
  expect(last().left).toMatchObject({ text: "base, and more", ids: [1, 2, 3], stopped: "eos" });
  expect(last().right).toEqual(before.right);
  // A vote that was given is about the words of then.
  expect(last().voteId).not.toBe(before.voteId);
});

test("an answer that cannot be written on stays as it was, and the other side's words too", async () => {
  said.mockReturnValue({ stopped: "length" });
  await ask("What is it?");
  const before = last();
  said.mockImplementation(({ adapter, begun = [] }) => {
    if (adapter) throw new Error("gone");
    return { text: "base, and more", ids: [...begun, 3] };
  });
  await goOn(before);
  expect(last().left.text).toBe("base, and more");
  expect(last().right).toEqual(before.right);
  expect(useApp.getState().errors.chat?.safe).toContain("The answer so far is kept.");
  expect(useChat.getState().busy).toBe(false);
});

test("a side that was stopped is written on, and the one that was not asked then is asked", async () => {
  said.mockReturnValue({ stopped: "user" });
  await ask("What is it?");
  expect(asked.length).toBe(1);
  said.mockReset().mockReturnValue({});
  await goOn(last());
  expect(asked.slice(1).map(({ begun }) => begun)).toEqual([[1, 2], []]);
  expect(last().right).toMatchObject({ ids: [1, 2], stopped: "eos" });
});

test("a changed question cuts what follows and says so", async () => {
  useChat.setState({ attached: [picture("a.png")] });
  await ask("One?");
  await ask("Two?");
  await ask("Three?");
  await edit(rows()[0]!, "Another one?");
  expect(rows().map(({ text, pictures }) => [text, pictures.length])).toEqual([["Another one?", 1]]);
  expect(useSides.getState().told).toBe("The question was changed, and 2 later questions with the answers cut.");
  said.mockImplementation(() => {
    throw new Error("gone");
  });
  await edit(rows()[0]!, "Yet another one?");
  expect(rows().map(({ text }) => text)).toEqual(["Another one?"]);
});

test("a vote has both conversations, who, settings and seed; the same again takes it back", async () => {
  useChat.setState({ attached: [picture("a.png")] });
  await ask("One?");
  await ask("Two?");
  const row = last();
  await vote(row, "right");
  const [kept] = votes.values();
  expect(kept).toMatchObject({
    verdict: "right",
    blind: false,
    model: { id: "m", label: "tiny" },
    settings: { seed: row.seed, temperature: 0, topP: 0.95, maxNewTokens: 256 },
    left: { name: "Base model", text: row.left.text, stopped: "eos" },
    right: { name: "voice, step 4", runId: "voice", text: row.right.text },
  });
  expect(kept!.left.turns.map(({ text }) => text)).toEqual(["One?", rows()[0]!.left.text, "Two?"]);
  expect(kept!.right.turns[0]!.pictures.map(({ name }) => name)).toEqual(["a.png"]);
  await vote(row, "equal");
  expect([...votes.values()].map(({ verdict }) => verdict)).toEqual(["equal"]);
  await vote(row, "equal");
  expect(votes.size).toBe(0);
});

test("blind: a coin mixes the sides, names come with the vote, and only that vote was blind", async () => {
  setBlind(true);
  vi.spyOn(Math, "random").mockReturnValueOnce(0.4).mockReturnValueOnce(0.6);
  await ask("One?");
  await ask("Two?");
  expect(rows().map(({ hidden, left }) => [hidden, left.speaker.name])).toEqual([
    [true, "voice, step 4"],
    [true, "Base model"],
  ]);
  // Each has its own words behind it, whatever side they stood on.
  expect(asked[2]!.turns[1]!.text).toBe(rows()[0]!.right.text);
  expect(asked[0]!.adapter, "left is written first").toEqual({ runId: "voice" });
  await vote(rows()[0]!, "left");
  expect(rows().map(({ hidden }) => hidden)).toEqual([false, true]);
  expect(useSides.getState().told).toBe("Left was voice, step 4, right was Base model.");
  expect([...votes.values()][0]).toMatchObject({ blind: true, left: { name: "voice, step 4" } });
  await vote(rows()[0]!, "right");
  expect([...votes.values()][0]).toMatchObject({ blind: false, verdict: "right" });
});

test("who was picked and is gone gives way to the first two", () => {
  const speakers = ["a", "b", "c"].map((key) => ({ key, name: key }));
  const keys = (left?: string, right?: string) =>
    Object.values(pairOf(speakers, { left, right })).map((speaker) => speaker?.key);
  expect(keys()).toEqual(["a", "b"]);
  expect(keys("c", "gone")).toEqual(["c", "b"]);
  expect(Object.values(pairOf([], { left: "a", right: "b" }))).toEqual([undefined, undefined]);
});
