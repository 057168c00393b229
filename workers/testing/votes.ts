/** Votes of every kind that makes a preference row, on the demo's pictures, and a few that make none. */
import { readFile, writeFile } from "node:fs/promises";
import { preferencesZip } from "../chat/preferences.ts";
import { keepVote, type VoteToKeep } from "../chat/votes.ts";
import { memoryStore } from "../storage/memory.ts";
import type { Store } from "../storage/store.ts";

type Turns = VoteToKeep["left"]["turns"];

/** A picture of the demo's, as a conversation has it. */
export async function demoShot(name: string): Promise<Turns[number]["pictures"][number]> {
  const bytes = await readFile(`public/demo/data/heldout/${name}`);
  return { name, blob: new Blob([bytes], { type: "image/webp" }) };
}

/** A vote for the left of two answers to the last of `turns`. */
export const voteOn = (id: string, turns: Turns, changes: Partial<VoteToKeep> = {}): VoteToKeep => ({
  id,
  at: `2026-11-28T10:00:0${id}.000Z`,
  verdict: "left",
  blind: true,
  model: { id: "m", label: "tiny" },
  system: "",
  systemRole: true,
  settings: { temperature: 0, topP: 0.95, maxNewTokens: 256, seed: 3 },
  left: { name: "Base model", turns, text: "An owl.", stopped: "eos" },
  right: { name: "voice, step 4", runId: "r", turns, text: "Ahoy!", stopped: "eos" },
  ...changes,
});

/** A store with the votes in it. */
export async function sampleVotes(): Promise<Store> {
  const [icon, other] = [await demoShot("001.webp"), await demoShot("004.webp")];
  const ask = (text: string, ...pictures: Turns[number]["pictures"]): Turns[number] => ({
    role: "user",
    text,
    pictures,
  });
  const say = (text: string): Turns[number] => ({ role: "assistant", text, pictures: [] });
  let n = 0;
  const vote = (turns: Turns, changes: Partial<VoteToKeep> = {}): VoteToKeep => {
    n += 1;
    const kept = voteOn(String(n), turns, changes);
    return { ...kept, right: { ...kept.right, text: "Ahoy! “Éine” Eule\nin two lines." } };
  };
  const store = memoryStore();
  for (const kept of [
    vote([ask("What is it?", icon)]),
    vote([ask("What is it?", icon)], { verdict: "right", system: "Be short." }),
    vote([ask("What is it?", icon), say("An owl."), ask("And now?", other)]),
    vote([ask("Which of them flies?", icon, other)], { verdict: "right", system: "Be short.", systemRole: false }),
    vote([ask("Can an owl fly?")]),
    vote([ask("What is it?", other)], { verdict: "equal" }),
    vote([ask("What is it?", other)], { verdict: "neither" }),
  ])
    await keepVote(store, kept);
  return store;
}

/** Writes them as the page exports them: what reference/check_preferences.py reads. */
export async function main([out]: string[]): Promise<number> {
  const { file } = await preferencesZip(await sampleVotes());
  await writeFile(out!, new Uint8Array(await file.arrayBuffer()));
  return 0;
}
