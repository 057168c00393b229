/** Rows that are to be answered: what has no answer stays, and all right answers are kept. */
import { expect, test } from "vitest";
import { file, pixel, readAll, said } from "../../testing/rows.ts";

const toAnswer = { toAnswer: true };
const a = file("a.png", pixel);
const table = (...records: object[]) => file("rows.jsonl", records.map((record) => JSON.stringify(record)).join("\n"));
const asked = "user: [image]Q";

test.each<[string, object, string, readonly string[] | undefined]>([
  ["a question alone", { image: "a.png", question: "Q" }, asked, undefined],
  ["an empty answer", { image: "a.png", question: "Q", answer: "" }, asked, undefined],
  ["a null for an answer", { image: "a.png", question: "Q", answer: null }, asked, undefined],
  ["an answer", { image: "a.png", question: "Q", answer: "A" }, `${asked} | assistant: A`, undefined],
  [
    "several answers",
    { image: "a.png", question: "Q", answers: ["b", "A", "A"] },
    `${asked} | assistant: A`,
    ["b", "A", "A"],
  ],
  [
    "several captions, one row",
    { image: "a.png", captions: ["b", "c"] },
    "user: [image]Describe the image. | assistant: b",
    ["b", "c"],
  ],
  ["a picture alone", { image: "a.png", id: 7 }, "user: [image]Describe the image.", undefined],
  ["a picture with a number for a class", { image: "a.png", label: 3 }, "user: [image]Describe the image.", undefined],
  [
    "options without the right one",
    { image: "a.png", question: "Q", choices: ["x", "y"] },
    "user: [image]Q\nA. x\nB. y",
    undefined,
  ],
  [
    "a conversation that ends with a question",
    {
      image: "a.png",
      messages: [
        { role: "user", content: "<image>Q" },
        { role: "assistant", content: "A" },
        { role: "user", content: "R" },
      ],
    },
    `${asked} | assistant: A | user: R`,
    undefined,
  ],
])("%s", async (_, record, conversation, answers) => {
  const { rows, skipped } = await readAll([table(record), a], toAnswer);
  expect(skipped).toEqual([]);
  expect(rows.map(said)).toEqual([conversation]);
  expect(rows[0]!.answers).toEqual(answers);
  expect(rows[0]!.images).toHaveLength(1);
});

const ten = ["red", "red", "pink", "red", "red", "red", "rose", "red", "red", "red"];
const people = ten.map((answer, n) => ({ answer, answer_confidence: "yes", answer_id: n + 1 }));

test.each<[string, object, readonly string[] | undefined]>([
  ["TextVQA's", { answers: ten }, ten],
  ["VQAv2's, beside the answer that was made of them", { multiple_choice_answer: "red", answers: people }, ten],
  ["a list as text", { answer: "red", answers: JSON.stringify(ten) }, ten],
  ["a list without the answer is about something else", { answer: "blue", answers: ten }, undefined],
  ["one answer twice", { answer: "red", multiple_choice_answer: "red" }, undefined],
  [
    "A-OKVQA's, where an option is asked for",
    { choices: ["red", "blue"], answer: "red", direct_answers: ten },
    undefined,
  ],
])("several people's answers stay with a row that is trained on: %s", async (_, more, answers) => {
  const record = { image: "a.png", question: "Q", ...more };
  for (const options of [{}, toAnswer]) {
    const { rows } = await readAll([table(record), a], options);
    expect(rows.map(said)).toEqual([expect.stringMatching(/assistant: (red|blue)$/)]);
    expect(rows[0]!.answers).toEqual(answers);
  }
});

test("the notes say that they count; a row for each of them has none but its own", async () => {
  const record = { image: "a.png", question: "Q", multiple_choice_answer: "red", answers: people };
  const { notes } = await readAll([table(record), a]);
  expect(notes.join(" ")).toContain(
    '"multiple_choice_answer" is trained on, and each of "answers" counts as right where held-out rows are answered',
  );
  const each = await readAll([table({ image: "a.png", question: "Q", answers: ["x", "y"] }), a], {
    severalAnswers: "each",
  });
  expect(each.rows.map(({ answers }) => answers)).toEqual([undefined, undefined]);
});

test("VQA's two files: all ten answers come with the questions", async () => {
  const questions = { data_subtype: "val2014", questions: [{ image_id: 7, question: "Q", question_id: 70 }] };
  const annotations = [{ image_id: 7, question_id: 70, multiple_choice_answer: "red", answers: people }];
  const { rows } = await readAll([
    file("COCO_val2014_000000000007.png", pixel),
    file("q.json", JSON.stringify(questions)),
    file("v.json", JSON.stringify({ annotations })),
  ]);
  expect(rows.map(({ answers }) => answers)).toEqual([ten]);
});

test("to train on, the same rows are skipped", async () => {
  const { skipped } = await readAll([
    table({ image: "a.png", question: "Q" }, { image: "a.png", question: "Q", answer: "A" }),
    a,
  ]);
  expect(skipped.map(({ reason }) => reason)).toEqual(["missing-text"]);
});

test("pictures alone are asked the question that is given, and what is told says so", async () => {
  const pictures = [file("b/2.png", pixel), file("b/1.jpg", pixel), file("notes about it.txt", "Hm.")];
  const read = await readAll(pictures, { ...toAnswer, instruction: "What colour?" });
  expect(read.rows.map((row) => `${row.images[0]!.path} ${said(row)}`)).toEqual([
    "b/1.jpg user: [image]What colour?",
    "b/2.png user: [image]What colour?",
  ]);
  expect(read.notes.join(" ")).toMatch(/1 text beside the pictures belongs to none.*"What colour\?" is asked, because/);
  expect((await readAll(pictures)).error?.code).toBe("no-rows");
});

test("a picture without the text that others have is asked too", async () => {
  const { rows, skipped } = await readAll([a, file("a.txt", "A dot."), file("b.png", pixel)], toAnswer);
  expect(skipped).toEqual([]);
  expect(rows.map(said)).toEqual([
    "user: [image]Describe the image. | assistant: A dot.",
    "user: [image]Describe the image.",
  ]);
});
