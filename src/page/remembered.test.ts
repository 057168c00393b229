import { beforeEach, expect, test, vi } from "vitest";
import { fakeWebStorage } from "../../workers/testing/fake-web-storage.ts";
import { remember, remembered } from "./remembered.ts";

let kept: Map<string, string>;
beforeEach(() => {
  kept = new Map();
  vi.stubGlobal("localStorage", fakeWebStorage(kept));
});

const data = { id: "d", label: "cats", rows: 3, sample: false, preparation: "p" };
const recipe = { preset: "Practical", fields: {} } as const;
const now = (): unknown => JSON.parse(kept.get("tabtune-session")!);

test("a part that is remembered leaves the others, and what a later version keeps beside them", () => {
  kept.set("tabtune-session", JSON.stringify({ data, recipe, later: 7 }));
  remember({ recipe: { ...recipe, fields: { max_steps: 4 } } });
  expect(remembered()).toEqual({ data, recipe: { ...recipe, fields: { max_steps: 4 } } });
  expect(now()).toEqual({ data, recipe: { ...recipe, fields: { max_steps: 4 } }, later: 7 });
});

test("a part in a form of a later version costs no other, and stays until it is chosen anew", () => {
  const later = { preset: "a later one", fields: {} };
  kept.set("tabtune-session", JSON.stringify({ data, recipe: later }));
  expect(remembered()).toEqual({ data });
  remember({ data: { ...data, rows: 4 } });
  expect(now()).toEqual({ data: { ...data, rows: 4 }, recipe: later });
});

test.each(["torn{", "[]", "7"])("%s is no memory, and is written over", (text) => {
  kept.set("tabtune-session", text);
  expect(remembered()).toEqual({});
  remember({ data });
  expect(now()).toEqual({ data });
});
