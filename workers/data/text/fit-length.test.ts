import { expect, test } from "vitest";
import type { Example } from "../example.ts";
import { fitLength, lengthNotes } from "./fit-length.ts";

/** One letter a token: B beginning of text, i image slot, t prompt text, r answer. Ids count up from 10, image slots are 3. */
function exampleOf(letters: string): Example {
  const kindOf: Record<string, number> = { B: 0, i: 0, t: 1, r: 2 };
  const slots = [...letters].filter((letter) => letter === "i").length;
  return {
    row: 5,
    inputIds: Int32Array.from(letters, (letter, t) => (letter === "i" ? 3 : 10 + t)),
    kinds: Uint8Array.from(letters, (letter) => kindOf[letter]!),
    images: slots > 0 ? [{ height: 1, width: 1, tiles: 1, tokens: slots }] : [],
    pixels: new Uint8Array(3),
  };
}

const options = { trainOn: "responses", imageTokenId: 3 } as const;

test.each([
  ["fits", "Btiitrrttrr", 11, 11],
  ["the last turn goes", "Btiitrrttrr", 10, 7],
  ["two turns go", "Btiitrrttrrtr", 8, 7],
  ["one of three turns goes", "Btiitrrttrrtr", 12, 11],
  ["a turn that ends exactly at the limit stays", "Btiitrrttrrtr", 11, 11],
  ["the tail of the only answer goes", "Btiitrrrrr", 7, 7],
  ["one target is left", "Btiitrrrrr", 6, 6],
  ["a turn with the picture stays, its answer is shortened", "Bttrrtiitrrr", 10, 10],
  ["without pictures", "Btrrtrr", 6, 4],
])("%s: %s at %i -> %i tokens", (_, letters, maxLength, length) => {
  const example = exampleOf(letters);
  const cut = fitLength(example, maxLength, options);
  expect(cut.inputIds).toEqual(example.inputIds.slice(0, length));
  expect(cut.kinds).toEqual(example.kinds.slice(0, length));
  expect(cut.images).toBe(example.images);
});

test.each([
  ["no answer fits", "Btiitrrttrr", 5, "11 tokens; at most 5 are allowed, and its first trained token is number 6"],
  ["the picture does not fit", "Btiiiiiitrr", 6, "its pictures end at 8"],
])("%s", (_, letters, maxLength, words) => {
  expect(() => fitLength(exampleOf(letters), maxLength, options)).toThrow(
    expect.objectContaining({ code: "row-too-long", message: expect.stringContaining(words) }),
  );
});

test("all text: what remains of the question is enough", () => {
  expect(fitLength(exampleOf("Btiittttrr"), 6, { ...options, trainOn: "all-text" }).inputIds).toHaveLength(6);
});

test("rows that are cut or left out are counted", () => {
  expect(lengthNotes({ rows: 5, cut: 0, leftOut: 0 }, 110)).toEqual([]);
  expect(lengthNotes({ rows: 5, cut: 3, leftOut: 1 }, 110)).toEqual([
    "3 of 5 rows are longer than 110 tokens and cut there: an answer that is cut does not show the model where to stop.",
    "1 of 5 rows do not fit into 110 tokens and are left out.",
  ]);
});
