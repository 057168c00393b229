/** What is kept between visits in the browser's small storage, checked as it is read. */
import * as v from "valibot";

/** What is kept under `key`; undefined where nothing is, or where another version kept it in another form. */
export function stored<T>(key: string, schema: v.GenericSchema<unknown, T>): T | undefined {
  const text = localStorage.getItem(key);
  if (text === null) return undefined;
  try {
    const found = v.safeParse(schema, JSON.parse(text));
    return found.success ? found.output : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export const store = (key: string, value: unknown): void => localStorage.setItem(key, JSON.stringify(value));
