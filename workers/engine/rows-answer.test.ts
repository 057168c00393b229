/** Rows that the page hands over: the answers of the chat, pauses and goes on, and never waits for a page that is silent. */
import fs from "node:fs";
import path from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import type { RowsEvent, RowsRequest, RowToAnswer } from "../chat/rows-request.ts";
import { type TestEngine, testEngine } from "../testing/engine.ts";
import { fixtures } from "../testing/shell.ts";

let engine: TestEngine;
let rows: RowToAnswer[];
beforeAll(async () => {
  engine = await testEngine();
  await engine.api.loadModel(engine.source, {}, () => {});
  const picture = (name: string) => ({
    path: name,
    blob: new Blob([fs.readFileSync(path.join(fixtures, "own-tiny/data/images", name))]),
  });
  const asked = (row: number, pictures: RowToAnswer["pictures"], question: string): RowToAnswer => ({
    row,
    source: `rows.jsonl line ${row + 1}`,
    messages: [
      {
        role: "user",
        content: [...pictures.map(() => ({ type: "image" }) as const), { type: "text", text: question }],
      },
      { role: "assistant", content: [{ type: "text", text: "A ring." }] },
    ],
    pictures,
  });
  rows = [
    asked(0, [picture("000.png")], "What is it?"),
    asked(1, [{ path: "broken.png", blob: new Blob(["no picture"]) }], "And this?"),
    asked(2, [], "Who are you?"),
    asked(5, [picture("001.jpg")], "Which colour?"),
  ];
});
afterEach(() => engine.api.stopChat());

const request: RowsRequest = { useAdapter: true, maxNewTokens: 5 };

/** Asks for `given`; what came, and how it ended. */
async function answersTo(given: RowToAnswer[], onEvent: (e: RowsEvent) => void = () => {}, asked = request) {
  const events: RowsEvent[] = [];
  const left = given.values();
  const next = async (): Promise<RowToAnswer | undefined> => left.next().value;
  const result = await engine.api.answerRows(asked, next, (event) => {
    events.push(event);
    onEvent(event);
  });
  return { events, result };
}

test("each row has the chat's own answer, and a picture that cannot be read costs its row", async () => {
  const { events, result } = await answersTo(rows);
  expect(result).toEqual({ answered: 3, unanswered: 1, ended: "all" });
  expect(events[1]).toMatchObject({ type: "unanswered", row: 1, message: expect.stringContaining("broken.png") });
  expect(events[0]).toMatchObject({
    answered: { row: 0, pictures: ["000.png"], question: "What is it?", right: ["A ring."], stopped: "length" },
  });
  const turns = [{ role: "user" as const, text: "What is it?", pictures: [rows[0]!.pictures[0]!.blob] }];
  const said = await engine.api.chat({ ...request, turns, temperature: 0, topP: 1, seed: 0 }, () => {});
  expect(events[0]).toMatchObject({ answered: { answer: said.text.trim() } });
});

test("a pause keeps what was answered; a second call goes on to the same answers", async () => {
  const whole = await answersTo(rows);
  const first = await answersTo(rows, ({ type }) => type === "unanswered" && void engine.api.stopChat());
  expect(first.result).toEqual({ answered: 1, unanswered: 1, ended: "stopped" });
  const rest = await answersTo(rows.slice(first.events.length));
  expect([...first.events, ...rest.events]).toEqual(whole.events);
});

test("a question in between is answered, and stops the rows", async () => {
  let said: ReturnType<TestEngine["api"]["chat"]> | undefined;
  const turns = [{ role: "user" as const, text: "Hm?", pictures: [] }];
  const { result } = await answersTo(rows, () => {
    said ??= engine.api.chat({ ...request, turns, temperature: 0, topP: 1, seed: 0 }, () => {});
  });
  expect(result.ended).toBe("stopped");
  expect((await said!).ids).toHaveLength(5);
});

test("a page that hands over nothing more and says nothing keeps nobody waiting", async () => {
  const silent = engine.api.answerRows(
    request,
    () => new Promise(() => {}),
    () => {},
  );
  const stopping = new Promise((resolve) => setTimeout(resolve, 50)).then(() => engine.api.stopChat());
  expect(await silent).toEqual({ answered: 0, unanswered: 0, ended: "stopped" });
  await stopping;
  expect((await answersTo(rows.slice(2, 3))).result.answered).toBe(1);
});

test("one question for all of them", async () => {
  const { events } = await answersTo(rows.slice(2), undefined, { ...request, prompt: "Is it red?" });
  expect(events).toMatchObject([{ answered: { question: "Is it red?" } }, { answered: { question: "Is it red?" } }]);
});

test("a model that is loaded anew stops the rows", async () => {
  let loading: Promise<unknown> | undefined;
  const endless = engine.api.answerRows(
    request,
    async () => rows[2],
    () => {
      loading ??= engine.api.loadModel(engine.source, {}, () => {});
    },
  );
  expect((await endless).ended).toBe("stopped");
  await loading;
});

test("while a run trains they are refused", async () => {
  engine.state.runningId = "a run";
  try {
    await expect(answersTo(rows)).rejects.toMatchObject({ code: "bad-argument", message: "The model is training." });
  } finally {
    engine.state.runningId = undefined;
  }
});
