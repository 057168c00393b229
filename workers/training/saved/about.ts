/** What people say of a saved run, beside its record: its name, a note, and that it is deleted, which can be taken back for a while. */
import * as v from "valibot";
import { TabTuneError } from "../../errors.ts";
import { sealJson, unsealJson } from "../../storage/sealed.ts";
import type { Store } from "../../storage/store.ts";
import { infoKey, runPrefix } from "./format.ts";
import { MOST_NAME, MOST_NOTE } from "./limits.ts";

const record = v.object({
  /** "": by model and data. */
  name: v.string(),
  note: v.string(),
  /** Milliseconds since 1970; absent of a run that is not deleted. */
  deletedAt: v.optional(v.number()),
});

/** With the fields of later versions, which are kept when it is written over. */
export const aboutForm = v.looseObject(record.entries);

export type About = v.InferOutput<typeof record>;

const key = (runId: string): string => `${runPrefix(runId)}about`;
const nothing: About = { name: "", note: "" };

/** Of a run of which nothing was said, or whose words are damaged: nothing. */
export async function readAbout(store: Store, runId: string): Promise<About> {
  const bytes = await store.get(key(runId));
  const stored = v.safeParse(aboutForm, (bytes && (await unsealJson(bytes))) ?? nothing);
  return stored.success ? stored.output : nothing;
}

/**
 * Changes a part of it. `deletedAt: undefined` takes a deletion back.
 * @throws TabTuneError "bad-checkpoint" where the run is gone, "bad-argument" where a text is too long
 */
export async function changeAbout(store: Store, runId: string, change: Partial<About>): Promise<void> {
  if ((await store.get(infoKey(runId))) === undefined) {
    const remedy = "Choose another run from the list.";
    throw new TabTuneError("bad-checkpoint", "This run is not in the browser's storage.", remedy);
  }
  const { name, note, deletedAt, ...later } = { ...(await readAbout(store, runId)), ...change };
  if (name.length > MOST_NAME || note.length > MOST_NOTE) {
    const [what, length, most] =
      name.length > MOST_NAME ? ["name", name.length, MOST_NAME] : ["note", note.length, MOST_NOTE];
    throw new TabTuneError(
      "bad-argument",
      `The ${what} has ${length} characters; at most ${most} are kept.`,
      "Shorten it.",
    );
  }
  const about: About = { ...later, name: name.trim(), note, ...(deletedAt === undefined ? {} : { deletedAt }) };
  await store.set([[key(runId), await sealJson(about)]], "strict");
}
