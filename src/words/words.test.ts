/** Both languages have the same sentences, and say each in their own words. */
import { afterEach, expect, test } from "vitest";
import { bytes, count, figure } from "../parts/format.ts";
import { demoPage as deDemoPage } from "./de/demo-page.ts";
import { de } from "./de/index.ts";
import { demoPage as enDemoPage } from "./en/demo-page.ts";
import { en } from "./en/index.ts";
import { speak, words } from "./index.ts";
import { languageOfBrowser } from "./languages.ts";
import { counter } from "./plural.ts";

afterEach(() => speak("en"));

/** Every sentence by its path; of a function its text, which has the sentence in it. */
function leaves(part: unknown, path = ""): [string, unknown][] {
  if (typeof part !== "object" || part === null) return [[path, part]];
  return Object.entries(part).flatMap(([key, value]) => leaves(value, path === "" ? key : `${path}.${key}`));
}

/** Names of the field and signs, which no language changes. */
const SAME = /^(|[\W\d]*|[A-Z][\w-]*|TabTune|Hugging Face|Adapter|Batch|Optimizer|LoRA.*|.*_.*)$/;

/** A demo page has its own sentences and no others; the trainer does not fetch them. */
const all = { en: leaves({ ...en, demoPage: enDemoPage }), de: leaves({ ...de, demoPage: deDemoPage }) };

test("the same places and sentences in the same order", () => {
  expect(all.de.map(([path]) => path)).toEqual(all.en.map(([path]) => path));
});

test("no sentence is left in English", () => {
  const german = new Map(all.de);
  const left = all.en.filter(([path, text]) => {
    const other = german.get(path);
    return typeof text === "string" && other === text && !SAME.test(text);
  });
  expect(left).toEqual([]);
});

test("a language is spoken from when it is here", async () => {
  expect(words().path.next).toBe("Next:");
  await speak("de");
  expect(words().path.next).toBe("Als Nächstes:");
  expect([bytes(1_234_000_000), count(1_500_000), figure(0.12345)]).toEqual(["1,23 GB", "1,5 Mio.", "0,1235"]);
  await speak("en");
  expect([bytes(1_234_000_000), count(1_500_000), figure(0.12345)]).toEqual(["1.23 GB", "1.5 M", "0.1235"]);
});

test("the browser's first language that the page speaks", () => {
  expect(languageOfBrowser(["fr-CA", "de-AT", "en-US"])).toBe("de");
  expect(languageOfBrowser(["EN-gb"])).toBe("en");
  expect(languageOfBrowser(["ja"])).toBe("en");
  expect(languageOfBrowser([])).toBe("en");
});

test("plurals by the rules of the language", () => {
  const polish = counter("pl");
  const forms = { one: "obraz", few: "obrazy", other: "obrazów" };
  expect([1, 3, 5].map((n) => polish(n, forms))).toEqual(["1 obraz", "3 obrazy", "5 obrazów"]);
  expect([0, 1, 12000].map((n) => counter("en")(n, { one: "row", other: "rows" }))).toEqual([
    "0 rows",
    "1 row",
    "12000 rows",
  ]);
});
