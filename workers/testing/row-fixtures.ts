/** Files of `fixtures/` for tests (Node only). */
import { readFileSync } from "node:fs";

export function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../data/rows/fixtures/${name}`, import.meta.url)));
}
