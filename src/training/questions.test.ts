import { afterEach, expect, test } from "vitest";
import { practical, seedReport, toHuggingFace } from "../../workers/recipe.ts";
import { speak } from "../words/index.ts";
import { type Asking, askedOf } from "./questions.ts";

afterEach(() => speak("en"));

const fields = toHuggingFace(practical);
const asking: Asking = {
  fields,
  preset: { fields, name: "Practical" },
  rows: 115,
  hiddenSize: 4096,
  rate: 2e-4,
  goesOn: false,
};
const ask = (change: Partial<Asking> = {}) => askedOf({ ...asking, ...change }, (care) => `bytes of ${care}`);
const changed = (keys: object) => ask({ fields: { ...fields, ...keys } });

test("each answer says in words what it is for, and in small which numbers it sets", () => {
  const [length, strength, care] = ask();
  expect(length!.answers.map(({ numbers, effect }) => [numbers, effect])).toEqual([
    ["max_steps 30", "every row about 2 times"],
    ["max_steps 100", "every row about 6.7 times"],
    ["max_steps 150", "every row about 10 times"],
  ]);
  expect(strength!.answers[1]).toMatchObject({
    title: "Usual",
    numbers: "lora_r 16, lora_alpha 16, learning_rate 0.0002",
    sets: { lora_r: 16, lora_alpha: 16, learning_rate: 2e-4 },
  });
  expect(care!.answers[2]).toMatchObject({
    effect: "bytes of least",
    numbers:
      "per_device_train_batch_size 1, gradient_accumulation_steps 8, gradient_checkpointing true, optim adamw_bnb_8bit",
  });
  // No jargon but in the small print.
  for (const { legend, answers } of ask())
    for (const text of [legend, ...answers.flatMap(({ title, says }) => [title, says])])
      expect(text).not.toMatch(/lora|rank|token|epoch|batch|gradient/i);
});

test("the answer that the recipe has; else whose numbers it has", () => {
  const [length, strength, care] = ask();
  expect([length!.chosen, strength!.chosen, care!.chosen]).toEqual([undefined, "usual", "balanced"]);
  expect(length!.otherwise).toBe("As Practical says: max_steps 500");
  expect(changed({ max_steps: 77 })[0]!.otherwise).toBe("Your own numbers: max_steps 77");
  expect(changed({ max_steps: -1, num_train_epochs: 2.5 })[0]!.otherwise).toBe(
    "Your own numbers: max_steps -1, num_train_epochs 2.5",
  );
  expect(changed({ max_steps: 100 })[0]).toMatchObject({ chosen: "good", otherwise: "" });
  const seed = toHuggingFace(seedReport);
  expect(ask({ fields: seed, preset: { fields: seed, name: "Seed report" } })[1]!.otherwise).toBe(
    "As Seed report says: lora_r 64, lora_alpha 16, learning_rate 0.00002",
  );
});

test("many rows are not seen whole, and that is said", () => {
  const [length] = ask({ rows: 100_000 });
  expect(length!.answers[0]!.effect).toBe("2400 of 100000 rows, each once");
});

test("what is missing or wrong is said where it is asked", () => {
  const [length, strength, care] = ask({ rows: 0, hiddenSize: 0 });
  expect(length!.obstacle).toMatch(/Choose data first/);
  expect(strength!.obstacle).toBe("Load a model first.");
  expect(care!.obstacle).toBe("");
  expect(length!.answers.map(({ title }) => title)).toEqual(["A look", "Good", "Thorough"]);
  for (const keys of [{ lora_r: -1 }, { lora_r: 10, lora_dropout: 0.1 }])
    for (const { obstacle, chosen, otherwise } of changed(keys)) {
      expect(obstacle).toMatch(/not allowed/);
      expect([chosen, otherwise]).toEqual([undefined, ""]);
    }
});

test("an adapter that the run begins with keeps its rank", () => {
  expect(ask({ goesOn: true })[1]!.answers[0]!.numbers).toBe("learning_rate 0.0001");
});

test("in German", async () => {
  await speak("de");
  expect(ask()[0]!.answers[1]!.effect).toBe("jede Zeile etwa 6,7-mal");
});
