/** `check --out DIR`: whether what `train` keeps in DIR/checkpoints is what it wrote. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { deleteJob } from "../apply/job.ts";
import { deleteDataset } from "../data/shards/manifest.ts";
import { checkStorage } from "../engine/check/check.ts";
import { TabTuneError } from "../errors.ts";
import type { DamagedKind } from "../protocol/engine.ts";
import { openFsStore } from "../storage/fs.ts";
import type { Store } from "../storage/store.ts";
import { deleteRun } from "../training/saved/runs.ts";
import { counted } from "../words.ts";
import type { Arguments } from "./arguments.ts";
import { note } from "./open.ts";
import { terminal } from "./terminal.ts";

/** Takes an item away as a whole. A store of the command line has no others that go so. */
function remove(store: Store, kind: DamagedKind, item: string): Promise<void> {
  if (kind === "run") return deleteRun(store, item);
  if (kind === "answers") return deleteJob(store, item);
  if (kind === "data") return deleteDataset(store, item);
  throw new Error(`Nothing says how ${kind} ${item} goes as a whole.`);
}

/**
 * What was found as JSON on stdout: `{"checked","damage":[{"place","follows","mended"}]}`. With `--repair` what is damaged is taken away.
 * Throws "bad-checkpoint" where damage is left, "missing-file" where there is no store.
 */
export async function check(args: Arguments): Promise<void> {
  const out = args.text("out");
  const folder = path.join(out, "checkpoints");
  // A store that is opened is made where there is none.
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new TabTuneError("missing-file", `${out} has no checkpoints.`, "Name the --out of a train command.");
  const store = await openFsStore(folder);
  const { checked, damage } = await checkStorage({ store }, (done, of) =>
    terminal.show(`Read ${done} of ${of} entries`),
  );
  terminal.clear();
  const told = [];
  for (const { kind, item, message, follows, mend } of damage) {
    const mended = args.flag("repair");
    if (mended) await (mend ? mend() : remove(store, kind, item));
    note(`${message}. ${mended ? "Repaired" : "With --repair"}: ${follows}`);
    told.push({ place: message, follows, mended });
  }
  process.stdout.write(`${JSON.stringify({ checked, damage: told }, null, 2)}\n`);
  if (damage.length === 0 || args.flag("repair")) return;
  throw new TabTuneError(
    "bad-checkpoint",
    `${counted(damage.length, "entry", "entries")} of ${checked} in ${folder} ${damage.length === 1 ? "is" : "are"} damaged.`,
    "Give the command with --repair; above is said of each what follows.",
    "Nothing was changed.",
  );
}
