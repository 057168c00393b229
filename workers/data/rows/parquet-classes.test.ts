import { expect, test } from "vitest";
import { classNames, named } from "./parquet-classes.ts";

const label = { names: ["cat", "dog"], _type: "ClassLabel" };
const value = (dtype: string) => ({ dtype, _type: "Value" });
const metadata = (features: unknown) => ({
  key_value_metadata: [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }],
});

test.each<[string, unknown, unknown, unknown]>([
  ["a column", { label }, { label: 1 }, { label: "dog" }],
  ["64 bits", { label }, { label: 0n }, { label: "cat" }],
  ["a number that is no class", { label }, { label: 9 }, { label: 9 }],
  [
    "a sequence of structs (datasets 2)",
    {
      objects: {
        feature: { bbox: { feature: value("float32"), _type: "Sequence" }, category: label },
        _type: "Sequence",
      },
    },
    { objects: { bbox: [[0, 1, 2, 3]], category: [1] } },
    { objects: { bbox: [[0, 1, 2, 3]], category: ["dog"] } },
  ],
  [
    "a struct of lists (datasets 4)",
    { objects: { bbox: { feature: value("float32"), _type: "List" }, category: { feature: label, _type: "List" } } },
    { objects: { bbox: [[0, 1, 2, 3]], category: [1, 0] } },
    { objects: { bbox: [[0, 1, 2, 3]], category: ["dog", "cat"] } },
  ],
  [
    "a list of structs",
    { objects: [{ category: label }] },
    { objects: [{ category: 1 }] },
    { objects: [{ category: "dog" }] },
  ],
  ["no class", { text: value("string") }, { text: 1 }, { text: 1 }],
  ["a feature without a type", { label: null }, { label: 1 }, { label: 1 }],
])("names of classes in %s", (_, features, cell, expected) => {
  expect(named(cell, classNames(metadata(features)))).toEqual(expected);
});

test("what is no description has no classes", () => {
  expect(classNames({})).toEqual({});
  expect(classNames({ key_value_metadata: [{ key: "huggingface", value: "{" }] })).toEqual({});
});
