import { expect, test } from "vitest";
import { ownScript } from "./trusted-types.ts";

const page = "https://a.example/tabtune/";

test.each([
  ["assets/engine.worker.js", "https://a.example/tabtune/assets/engine.worker.js"],
  ["https://a.example/sw.js", "https://a.example/sw.js"],
])("a script of this site is taken: %s", (address, href) => {
  expect(ownScript(address, page)).toBe(href);
});

test.each([
  "https://b.example/x.js",
  "//b.example/x.js",
  "data:text/javascript,1",
  "javascript:1",
  "http://a.example/x.js",
])("a script of elsewhere is not: %s", (address) => {
  expect(() => ownScript(address, page)).toThrow(TypeError);
});
