/** `check --out DIR`: whether what `train` keeps in DIR/checkpoints is what it wrote. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { deleteDataset } from "../data/shards/manifest.ts";
import { checkStorage } from "../engine/check/check.ts";
import { TabTuneError } from "../errors.ts";
import { openFsStore } from "../storage/fs.ts";
import { deleteRun } from "../training/saved/runs.ts";
import { counted } from "../words.ts";
import type { Arguments } from "./arguments.ts";
import { note } from "./open.ts";
import { terminal } from "./terminal.ts";

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
    if (mended) await (mend ? mend() : kind === "run" ? deleteRun(store, item) : deleteDataset(store, item));
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
