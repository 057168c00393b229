import { expect, test } from "vitest";
import { hubAddress } from "./address.ts";

test.each([
  ["https://huggingface.co", "https://huggingface.co"],
  [" https://hub.example:8443/mirror// ", "https://hub.example:8443/mirror"],
  ["http://localhost:8000/", "http://localhost:8000"],
  ["http://127.0.0.1", "http://127.0.0.1"],
])("%j", (text, address) => {
  expect(hubAddress(text)).toBe(address);
});

test.each([
  "",
  "huggingface.co",
  "http://hub.example",
  "http://localhost.evil.example",
  "javascript:alert(1)//https://huggingface.co",
  "https://",
  "https://hub.example/a b",
  "https://hub.example?x",
])("%j is none", (text) => {
  expect(() => hubAddress(text)).toThrow("is not the address of a hub");
});
