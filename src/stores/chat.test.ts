import { beforeEach, expect, test, vi } from "vitest";
import type { ChatRequest, ChatResult } from "../../workers/chat/conversation.ts";

const asked: ChatRequest[] = [];
const said = vi.fn<(request: ChatRequest) => string>();

vi.hoisted(() => {
  vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => {} });
});
vi.mock("../page/workers.ts", () => ({
  engine: async (call: (a: unknown) => unknown) =>
    call({
      async chat(request: ChatRequest): Promise<ChatResult> {
        asked.push(request);
        return { text: said(request), ids: [1], tokens: 1, seconds: 1, changeSeconds: 0, stopped: "eos" };
      },
    }),
  callback: (f: unknown) => f,
}));

const { useApp } = await import("../page/store.ts");
const { useChat } = await import("./chat.ts");
const texts = () => useChat.getState().turns.map(({ text }) => text);
const question = (n: number) => useChat.getState().turns.filter(({ role }) => role === "user")[n]!;
const { send, edit, regenerate } = useChat.getState();
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
