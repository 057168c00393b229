import { expect, test } from "vitest";
import type { SidesRow } from "../stores/sides-rows.ts";
import type { Turn } from "../stores/turns.ts";
import { boxedAnswer, layersOf } from "./boxes.ts";

const picture = [{}] as Turn["pictures"];
const asked = (text: string, pictures: Turn["pictures"] = [], rightAnswer?: string) =>
  ({ role: "user", text, pictures, rightAnswer }) as const;
const said = (text: string, footnote = "") => ({ role: "assistant" as const, text, pictures: [], footnote });
const [first, second] = ["[1, 2, 3, 4]", "[5, 6, 7, 8]"];
const right = { kind: "right", text: second };
const given = (text: string) => ({ kind: "given", text });

test("the newest boxes lie on the picture that was asked about, beside the right ones", () => {
  const turns = [asked("Where?", picture, second), said(first)];
  expect(layersOf(turns, 0)).toEqual([right, given(first)]);
  const longer = [...turns, asked("And now?"), said(second), asked("What is it?"), said("a cat")];
  expect(layersOf(longer, 0)).toEqual([given(second)]);
});

test("right boxes are shown where the answer has none, and only when it is whole", () => {
  const question = asked("Where?", picture, second);
  expect(layersOf([question, said("no idea")], 0)).toEqual([right]);
  const { footnote: _, ...writing } = said("no i");
  expect(layersOf([question, writing], 0)).toEqual([]);
  expect(layersOf([question, { ...writing, text: first }], 0)).toEqual([given(first)]);
});

test("no boxes where another picture may be meant, and none of a later one on an earlier", () => {
  const turns = [asked("Where?", picture), said(first), asked("And here?", picture), said(second)];
  expect(layersOf(turns, 0)).toEqual([given(first)]);
  expect(layersOf(turns, 2)).toEqual([]);
  expect(layersOf([asked("Where?", [...picture, ...picture]), said(first)], 0)).toEqual([]);
  expect(layersOf([asked("What?", picture), said("a cat")], 0)).toEqual([]);
});

const speaker = (key: string) => ({ key, name: key });
const sided = (left: string, pictures: string[], rightAnswer?: string, of = "base") =>
  ({
    pictures: pictures.map((url) => ({ url })),
    rightAnswer,
    left: { speaker: speaker(of), text: left, ids: [1] },
    right: { speaker: speaker("run"), text: "no idea", ids: undefined },
  }) as unknown as SidesRow;

test("of two answers each has its own boxes, and the right ones once it is whole", () => {
  const row = sided(first, ["cat"], second);
  expect(boxedAnswer([row], row, "left")).toEqual({ url: "cat", layers: [right, given(first)] });
  expect(boxedAnswer([row], row, "right")).toBeUndefined();
  const later = sided(second, []);
  expect(boxedAnswer([row, later], later, "left")).toEqual({ url: "cat", layers: [given(second)] });
});

test("two answers have no boxes where another picture may be meant; one that others were asked about is none", () => {
  const [cat, dog] = [sided(first, ["cat"]), sided(second, ["dog"])];
  expect(boxedAnswer([cat, dog], dog, "left")).toBeUndefined();
  const others = sided(first, ["cat"], undefined, "another run");
  expect(boxedAnswer([others, dog], dog, "left")).toEqual({ url: "dog", layers: [given(second)] });
});
