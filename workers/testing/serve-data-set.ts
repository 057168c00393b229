/** A Parquet file as a data set of the fake hub, for programs outside: `node scripts/run-ts.mjs /workers/testing/serve-data-set.ts FILE`. */
import fs from "node:fs";
import { startFakeHub } from "./fake-hub.ts";

/** Prints the hub's address, and serves someone/pictures until its input ends. */
export async function main([file]: string[]): Promise<number> {
  const files = new Map([["data/train-00000-of-00001.parquet", new Uint8Array(fs.readFileSync(file!))]]);
  const hub = await startFakeHub({ name: "someone/pictures", kind: "datasets", files });
  process.stdout.write(`${hub.endpoint}\n`);
  await new Promise((resolve) => process.stdin.on("end", resolve).resume());
  await hub.close();
  return 0;
}
