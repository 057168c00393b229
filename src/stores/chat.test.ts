import { beforeEach, expect, test, vi } from "vitest";
import type { ChatRequest, ChatResult } from "../../workers/chat/conversation.ts";

const asked: ChatRequest[] = [];
/** How the next answers end. */
const stops: ChatResult["stopped"][] = [];
const said = vi.fn<(request: ChatRequest) => string>();

vi.hoisted(() => {
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => {} });
});
vi.mock("../page/workers.ts", () => ({
  engine: async (call: (a: unknown) => unknown) =>
    call({
      async chat(request: ChatRequest): Promise<ChatResult> {
        asked.push(request);
        const ids = [...(request.begun ?? []), 1];
        return { text: said(request), ids, tokens: 1, seconds: 1, changeSeconds: 0, stopped: stops.shift() ?? "eos" };
      },
    }),
  callback: (f: unknown) => f,
}));

const { useApp } = await import("../page/store.ts");
const { useChat } = await import("./chat.ts");
const texts = () => useChat.getState().turns.map(({ text }) => text);
const question = (n: number) => useChat.getState().turns.filter(({ role }) => role === "user")[n]!;
const { send, edit, regenerate, goOn, attach } = useChat.getState();
const revoked = vi.spyOn(URL, "revokeObjectURL");

beforeEach(() => {
  for (const store of [useApp, useChat]) {
    (store as typeof useApp).setState((store as typeof useApp).getInitialState(), true);
  }
  asked.length = 0;
  revoked.mockReset();
  said.mockReset().mockImplementation(({ turns }) => `to ${turns.at(-1)?.text}`);
});

const picture = (name: string) => ({ file: new File(["x"], name), url: `blob:${name}` });

test("a changed question is asked about its own picture; what follows is cut, told, and its pictures freed", async () => {
  const [first, second] = [picture("a"), picture("b")];
  useChat.setState({ attached: [first], system: "Be short." });
  await send("One?");
  useChat.setState({ attached: [second] });
  await send("Two?");
  await send("Three?");
  await edit(question(0), "Another one?");
  expect(texts()).toEqual(["Another one?", "to Another one?"]);
  expect(asked.at(-1)).toMatchObject({
    turns: [{ text: "Another one?", pictures: [first.file] }],
    system: "Be short.",
  });
  expect(useChat.getState().told).toBe("The question was changed, and 2 later questions with the answers cut.");
  expect(revoked.mock.calls).toEqual([["blob:b"]]);
  await send("Next?");
  expect(useChat.getState().told).toBe("");
});

test("a changed question that fails leaves the conversation as it was", async () => {
  await send("One?");
  await send("Two?");
  const before = texts();
  said.mockImplementation(() => {
    throw new Error("gone");
  });
  await edit(question(0), "Another one?");
  expect(texts()).toEqual(before);
  expect(useChat.getState()).toMatchObject({ told: "", busy: false });
  expect(revoked).not.toHaveBeenCalled();
});

test("an answer that is asked for again has another seed, and says where it comes out as before", async () => {
  useChat.setState({ temperature: 0.5 });
  await send("One?");
  said.mockReturnValueOnce("something else");
  await regenerate();
  expect(asked[1]).toMatchObject({ turns: asked[0]!.turns });
  expect(asked[1]!.seed).not.toBe(asked[0]!.seed);
  expect(useChat.getState().turns.at(-1)).toMatchObject({ text: "something else", footnote: "1 token, 1.0 a second" });
  said.mockReturnValueOnce("something else");
  await regenerate();
  expect(useChat.getState().turns.at(-1)?.footnote).toContain("the same as before by chance");
  useChat.setState({ temperature: 0 });
  said.mockReturnValueOnce("something else");
  await regenerate();
  expect(useChat.getState().turns.at(-1)?.footnote).toContain("at temperature 0 the likeliest word is always taken");
  said.mockImplementationOnce(() => {
    throw new Error("gone");
  });
  await regenerate();
  expect(useChat.getState().turns.at(-1)?.text).toBe("something else");
});

test("an answer that was cut goes on with its own tokens, seed and settings, whatever they are by now", async () => {
  useChat.setState({ temperature: 0.7, topP: 0.8, topK: 40, system: "Be short.", maxNewTokens: 2 });
  stops.push("length", "user");
  await send("One?");
  const cut = useChat.getState().turns.at(-1)!;
  useChat.setState({ temperature: 0, topP: 1, topK: 0, system: "", maxNewTokens: 9, seed: 77 });
  await goOn(cut);
  const { turns, seed } = asked[0]!;
  const same = { turns, seed, temperature: 0.7, topP: 0.8, topK: 40, system: "Be short.", adapter: undefined };
  expect(asked[1]).toEqual({ ...same, begun: [1], maxNewTokens: 9 });
  await goOn(useChat.getState().turns.at(-1)!);
  expect(asked[2]).toEqual({ ...same, begun: [1, 1], maxNewTokens: 9 });
  // What is asked for anew is asked with the settings of now.
  await regenerate();
  expect(asked[3]).toMatchObject({ temperature: 0, topP: 1, system: "", begun: [], seed: 77 });
});

test("every answer has the seed that was chosen, and one that comes out as before says why", async () => {
  useChat.setState({ temperature: 0.7, seed: 5 });
  await send("One?");
  await send("Two?");
  await regenerate();
  expect(asked.map(({ seed }) => seed)).toEqual([5, 5, 5]);
  expect(useChat.getState().turns.at(-1)?.footnote).toContain("every answer has the seed that you chose");
});

test("pictures go along in their order; what is none is told by its name", async () => {
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:x");
  const file = (name: string, type: string) => new File(["x"], name, { type });
  attach([file("a.png", "image/png"), file("b.pdf", "application/pdf"), file("c.jpg", ""), file("d", "")]);
  expect(useChat.getState().attached.map(({ file }) => file.name)).toEqual(["a.png", "c.jpg"]);
  expect(useChat.getState().leftAside).toBe("2 files are no pictures and were left aside: b.pdf, d.");
  await send("Which?");
  expect(asked[0]!.turns[0]!.pictures.map((picture) => (picture as File).name)).toEqual(["a.png", "c.jpg"]);
  expect(useChat.getState().leftAside).toBe("");
});

test("a question of the data has its right answer beside it, until its words are changed", async () => {
  await send("What is it?", "A heron.");
  const rightAnswers = () => useChat.getState().turns.map(({ rightAnswer }) => rightAnswer);
  expect(rightAnswers()).toEqual(["A heron.", undefined]);
  await regenerate();
  expect(rightAnswers()).toEqual(["A heron.", undefined]);
  await edit(question(0), "What colour is it?");
  expect(rightAnswers()).toEqual([undefined, undefined]);
});
