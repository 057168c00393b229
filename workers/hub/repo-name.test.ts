import { describe, expect, test } from "vitest";
import { parseDataSet, parseRepo } from "./repo-name.ts";

const main = { repo: "owner/name", revision: "main" };

test.each([
  ["owner/name", main],
  [" llava-hf/llava-1.5-7b-hf@a272c74 ", { repo: "llava-hf/llava-1.5-7b-hf", revision: "a272c74" }],
  ["a/b@refs/pr/3", { repo: "a/b", revision: "refs/pr/3" }],
  ["https://huggingface.co/owner/name", main],
  ["https://huggingface.co/owner/name/", main],
  ["http://www.huggingface.co/owner/name?library=transformers#usage", main],
  ["huggingface.co/owner/name", main],
  ["https://hf.co/owner/name/discussions/12", main],
  ["https://huggingface.co/owner/name/tree/v1.0", { repo: "owner/name", revision: "v1.0" }],
  ["https://huggingface.co/owner/name/tree/refs%2Fpr%2F3/sub", { repo: "owner/name", revision: "refs/pr/3" }],
  ["https://huggingface.co/owner/name/blob/main/config.json", main],
  ["https://huggingface.co/owner/name/resolve/main/model.safetensors?download=true", main],
  ["https://hub.example:8443/mirror/owner/name/tree/main", main],
])("%s is a name", (text, expected) => {
  expect(parseRepo(text, "https://hub.example:8443/mirror/")).toEqual(expected);
});

test.each([
  "llava",
  "a/b/c",
  "a/../b",
  "a/b@",
  "a b/c",
  "",
  "https://huggingface.co/",
  "https://huggingface.co/owner",
  "https://huggingface.co/owner/name/tree/%zz",
])("%j is no name", (text) => {
  expect(() => parseRepo(text)).toThrow(`"${text}" is not the name of a model on the hub`);
});

test("what lies elsewhere, or is no model, is told as what it is", () => {
  expect(() => parseRepo("https://hub.example/owner/name")).toThrow("an address at https://hub.example");
  expect(() => parseRepo("https://huggingface.co/datasets/HuggingFaceH4/llava-instruct-mix-vsft")).toThrow(
    "is not the address of a model: it lies under datasets",
  );
});

describe("data sets", () => {
  const plain = { repo: "owner/name", revision: "main" };

  test.each([
    ["owner/name", plain],
    ["owner/name:small", { ...plain, config: "small" }],
    [
      "owner/name@v2:en-US 1.0/validation",
      { repo: "owner/name", revision: "v2", config: "en-US 1.0", split: "validation" },
    ],
    [
      "a/b@refs/convert/parquet:default/train",
      { repo: "a/b", revision: "refs/convert/parquet", config: "default", split: "train" },
    ],
    ["https://huggingface.co/datasets/owner/name", plain],
    [
      "https://huggingface.co/datasets/owner/name/viewer/en%20US/train?row=3",
      { ...plain, config: "en US", split: "train" },
    ],
    ["hf.co/datasets/owner/name/tree/v2/data", { ...plain, revision: "v2" }],
    ["https://hub.example/datasets/owner/name", plain],
  ])("%s", (text, expected) => {
    expect(parseDataSet(text, "https://hub.example")).toEqual(expected);
  });

  test.each(["squad", "owner/name:", "owner/name:a:b", "owner/name:a/", "owner/name:a/b/c", "a/../b:x"])(
    "%j is no name",
    (text) => {
      expect(() => parseDataSet(text)).toThrow(`"${text}" is not the name of a data set on the hub`);
    },
  );

  test("a model is told as none", () => {
    expect(() => parseDataSet("https://huggingface.co/owner/name")).toThrow("is not the address of a data set");
  });
});
