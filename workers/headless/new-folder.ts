/** A folder that a command writes, whole or not at all. */
import { readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { TabTuneError } from "../errors.ts";
import { asPart } from "./interrupt.ts";

/** Throws TabTuneError "bad-argument" where OUT is no folder, or has files. */
export async function refuseTaken(out: string): Promise<void> {
  const taken = await readdir(out).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw new TabTuneError("bad-argument", `${out} is no folder.`, "Give a folder that is not there yet.", "", {
      cause,
    });
  });
  if (taken.length > 0)
    throw new TabTuneError("bad-argument", `${out} is not empty.`, "Give a folder that is not there yet.");
}

/** Everything goes to a folder beside OUT, which takes its name when it is whole. Throws as `refuseTaken` does. */
export async function intoNewFolder(given: string, write: (part: string) => Promise<void>): Promise<void> {
  const out = path.resolve(given);
  await refuseTaken(out);
  const part = `${out}.${process.pid}.part`;
  await asPart(part, async () => {
    await write(part);
    await rm(out, { recursive: true, force: true });
    await rename(part, out);
  });
}
