/**
 * Votes: which of two answers to one question was better. A vote keeps all that it was about; pictures lie beside the votes under the hash
 * of their bytes, once, for as long as a vote shows them.
 */
import * as v from "valibot";
import { sealBytes, sealJson, unsealBytes, unsealJson } from "../storage/sealed.ts";
import { sha256 } from "../storage/sha256.ts";
import type { Store } from "../storage/store.ts";
import { type Form, unsealAs } from "../storage/unseal-as.ts";

/** As the two were shown. "neither": both are bad. */
export const VERDICTS = ["left", "right", "equal", "neither"] as const;
export type Verdict = (typeof VERDICTS)[number];

const picture = v.object({ sha256: v.string(), name: v.string(), type: v.string(), bytes: v.number() });
const turn = v.object({ role: v.picklist(["user", "assistant"]), text: v.string(), pictures: v.array(picture) });
const answer = v.object({
  /** Who gave it, in words, with the step. */
  name: v.string(),
  /** The run whose adapter it was; absent for the base model. */
  runId: v.exactOptional(v.string()),
  /** The conversation that it followed, the question last. */
  turns: v.array(turn),
  text: v.string(),
  stopped: v.picklist(["eos", "length", "full", "user"]),
});
const vote = v.object({
  id: v.string(),
  /** ISO date. */
  at: v.string(),
  verdict: v.picklist(VERDICTS),
  /** Whoever voted did not know who had said what. */
  blind: v.boolean(),
  model: v.object({ id: v.string(), label: v.string() }),
  /** "" for none. */
  system: v.string(),
  /** Whether the model's chat template had a place for it. */
  systemRole: v.boolean(),
  settings: v.object({
    ...{ temperature: v.number(), topP: v.number(), maxNewTokens: v.number(), seed: v.number() },
    /** Absent: all tokens. */
    topK: v.exactOptional(v.number()),
  }),
  left: answer,
  right: answer,
});

export type VotedPicture = v.InferOutput<typeof picture>;
export type VotedAnswer = v.InferOutput<typeof answer>;
export type Vote = v.InferOutput<typeof vote>;

/** A vote as the page has it: pictures are files. */
type WithFiles<A> = Omit<A, "turns"> & {
  turns: { role: "user" | "assistant"; text: string; pictures: { name: string; blob: Blob }[] }[];
};
export type VoteToKeep = Omit<Vote, "left" | "right"> & Record<"left" | "right", WithFiles<VotedAnswer>>;

/** The vote `id`, in whatever version. */
export const voteForm = (id: string): Form => v.looseObject({ id: v.literal(id) });

const VOTES = "vote/";
const PICTURES = "vote-picture/";

/** With the fields of later versions, which are kept when it is written over. */
const withLater = v.fallback(v.looseObject({ left: v.looseObject({}), right: v.looseObject({}) }), {
  left: {},
  right: {},
});

/** Keeps a vote, in place of an earlier one of its id, on the same answers. Returns it as it is listed. Throws "storage-full". */
export async function keepVote(store: Store, given: VoteToKeep): Promise<Vote> {
  const entries = new Map<string, Uint8Array>();
  const kept = async ({ turns, ...rest }: WithFiles<VotedAnswer>): Promise<VotedAnswer> => {
    const keptTurns: VotedAnswer["turns"] = [];
    for (const { role, text, pictures } of turns) {
      const keptPictures: VotedPicture[] = [];
      for (const { name, blob } of pictures) {
        const bytes = new Uint8Array(await blob.arrayBuffer());
        const hash = await sha256(bytes);
        if (!entries.has(PICTURES + hash)) entries.set(PICTURES + hash, await sealBytes(bytes));
        keptPictures.push({ sha256: hash, name, type: blob.type, bytes: bytes.length });
      }
      keptTurns.push({ role, text, pictures: keptPictures });
    }
    return { ...rest, turns: keptTurns };
  };
  const record: Vote = { ...given, left: await kept(given.left), right: await kept(given.right) };
  const earlier = await store.get(VOTES + record.id);
  const { left, right, ...later } = v.parse(withLater, earlier && (await unsealJson(earlier)));
  const whole = { ...later, ...record, left: { ...left, ...record.left }, right: { ...right, ...record.right } };
  await store.set([...entries, [VOTES + record.id, await sealJson(whole)]], "strict");
  return record;
}

/** All votes, the newest first, and how many are damaged. */
export async function listVotes(store: Store): Promise<{ votes: Vote[]; damaged: number }> {
  const votes: Vote[] = [];
  let damaged = 0;
  for (const key of await store.keys(VOTES)) {
    const bytes = await store.get(key);
    // Another tab has deleted it meanwhile.
    if (!bytes) continue;
    const read = v.safeParse(vote, await unsealAs(voteForm(key.slice(VOTES.length)), bytes));
    if (read.success) votes.push(read.output);
    else damaged += 1;
  }
  return { votes: votes.sort((a, b) => b.at.localeCompare(a.at)), damaged };
}

/** Deletes a vote, and the pictures that no other vote shows; without `id` all votes, damaged ones too. */
export async function deleteVotes(store: Store, id?: string): Promise<void> {
  await store.delete(id === undefined ? await store.keys(VOTES) : [VOTES + id]);
  // Looked up first: a picture of a vote that another tab keeps now is not among them.
  const pictures = await store.keys(PICTURES);
  const shown = new Set<string>();
  for (const key of await store.keys(VOTES)) {
    const sealed = await store.get(key);
    const text = sealed && (await unsealBytes(sealed));
    // What a damaged one showed is not known.
    if (sealed && !text) return;
    // Every hash in it, so that pictures of a later version's fields are among them.
    for (const [hash] of new TextDecoder().decode(text).matchAll(/[0-9a-f]{64}/g)) shown.add(PICTURES + hash);
  }
  await store.delete(pictures.filter((key) => !shown.has(key)));
}

/** The pictures of a vote, each as often as it is shown. */
export const picturesOf = ({ left, right }: Vote): VotedPicture[] =>
  [left, right].flatMap(({ turns }) => turns.flatMap(({ pictures }) => pictures));

/** The bytes of a picture; undefined where they are gone or damaged. */
export async function votedPicture(store: Store, { sha256: hash }: VotedPicture): Promise<Uint8Array | undefined> {
  const sealed = await store.get(PICTURES + hash);
  const bytes = sealed && (await unsealBytes(sealed));
  return bytes && (await sha256(bytes)) === hash ? bytes : undefined;
}

/** What all votes take. */
export async function storedVotes(store: Store): Promise<{ votes: number; bytes: number }> {
  const keys = await store.keys(VOTES);
  let bytes = 0;
  for (const key of [...keys, ...(await store.keys(PICTURES))]) bytes += (await store.get(key))?.length ?? 0;
  return { votes: keys.length, bytes };
}
