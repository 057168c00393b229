/** What is kept between visits in the browser's small storage, checked as it is read. */
import * as v from "valibot";
import { isJsonObject } from "../../workers/json.ts";

/** What is kept under `key`; undefined where nothing is, or where another version kept it in another form. */
export function stored<T>(key: string, schema: v.GenericSchema<unknown, T>): T | undefined {
  const found = v.safeParse(schema, read(key));
  return found.success ? found.output : undefined;
}

/** Keeps some fields of the object under `key`; the others stay, those of other versions too. */
export function storeFields(key: string, fields: object): void {
  const before = read(key);
  store(key, { ...(isJsonObject(before) ? before : {}), ...fields });
}

function read(key: string): unknown {
  const text = localStorage.getItem(key);
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export const store = (key: string, value: unknown): void => localStorage.setItem(key, JSON.stringify(value));
