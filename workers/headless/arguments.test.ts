import { expect, test } from "vitest";
import { TabTuneError } from "../errors.ts";
import { type Options, parseArguments } from "./arguments.ts";
import { commands } from "./commands.ts";

const options: Options = { model: "one", steps: "maybe", image: "many", dump: "flag" };
const parse = (...args: string[]) => parseArguments("train", args, options);

test("each kind of option", () => {
  const args = parse("--image", "a.png", "--model", "dir", "--dump", "--image", "b.png", "--steps", "3");
  expect(args.text("model")).toBe("dir");
  expect(args.many("image")).toEqual(["a.png", "b.png"]);
  expect(args.flag("dump")).toBe(true);
  expect(args.whole("steps", 1)).toBe(3);
});

test("a value may stand behind an equals sign", () => {
  const args = parse("--model=a=b", "--image=a.png", "--image", "--steps=3", "--steps=3");
  expect([args.text("model"), args.many("image"), args.whole("steps", 1)]).toEqual(["a=b", ["a.png", "--steps=3"], 3]);
});

test("what may be left out", () => {
  const args = parse("--model", "dir");
  expect(args.maybe("steps")).toBeUndefined();
  expect(args.whole("steps", 1)).toBeUndefined();
  expect(args.many("image")).toEqual([]);
  expect(args.flag("dump")).toBe(false);
});

test("a value may look like an option", () => {
  expect(parse("--model", "--dump").text("model")).toBe("--dump");
});

test.each<[string, string[], RegExp]>([
  ["unknown", ["--modle", "x"], /train does not take "--modle"/],
  ["without dashes", ["model", "x"], /train does not take "model"/],
  ["twice", ["--model", "x", "--model", "y"], /--model is given twice/],
  ["a flag twice", ["--model", "x", "--dump", "--dump"], /--dump is given twice/],
  ["without its value", ["--model"], /--model needs a value/],
  ["unknown, with its value", ["--modle=x"], /train does not take "--modle"/],
  ["a flag with a value", ["--model", "x", "--dump=1"], /--dump takes no value/],
  ["left out", ["--dump"], /--model is missing/],
  ["the name of an object's own property", ["--constructor", "x"], /does not take "--constructor"/],
])("refused: %s", (_, args, message) => {
  expect(() => parse(...args)).toThrow(message);
  expect(() => parse(...args)).toThrow(TabTuneError);
});

test("the usage of a command is the remedy", () => {
  try {
    parse();
    expect.unreachable();
  } catch (error) {
    expect((error as TabTuneError).remedy).toBe("Usage: train --model DIR [--steps N] [--image FILE]… [--dump]");
  }
});

test.each(["0", "-1", "1.5", "x", "", "1e400"])("%j is no whole number of at least 1", (text) => {
  expect(() => parse("--model", "m", "--steps", text).whole("steps", 1)).toThrow(/--steps is/);
});

test("every command of the contract is there, with its options", () => {
  expect(
    Object.fromEntries(Object.entries(commands).map(([name, c]) => [name, Object.keys(c.options).sort()])),
  ).toMatchObject({
    train: [
      "adapter",
      "answers",
      "box-format",
      "boxes",
      "data",
      "dump",
      "instruction",
      "lora-init",
      "mapping",
      "model",
      "out",
      "recipe",
      "resume",
      "rows",
      "steps",
    ],
    tokenize: ["answers", "box-format", "boxes", "data", "instruction", "mapping", "model", "recipe", "rows"],
    preprocess: ["image", "model", "out", "recipe"],
    features: ["image", "model", "out", "recipe"],
    logits: [
      "adapter",
      "answers",
      "box-format",
      "boxes",
      "data",
      "instruction",
      "mapping",
      "model",
      "out",
      "recipe",
      "row",
      "rows",
    ],
    evaluate: [
      "adapter",
      "answers",
      "box-format",
      "boxes",
      "data",
      "instruction",
      "mapping",
      "model",
      "recipe",
      "rows",
    ],
    generate: ["adapter", "image", "max-new-tokens", "model", "prompt", "recipe"],
    plan: ["model", "recipe"],
  });
});
