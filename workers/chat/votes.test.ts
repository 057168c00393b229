import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { unzipSync } from "fflate";
import { beforeEach, expect, test } from "vitest";
import { memoryStore } from "../storage/memory.ts";
import { sealJson, unsealJson } from "../storage/sealed.ts";
import type { Store } from "../storage/store.ts";
import { file, readAll, said } from "../testing/rows.ts";
import { demoShot, sampleVotes, voteOn } from "../testing/votes.ts";
import { PREFERENCES_FILE, type PreferenceRow, preferencesZip } from "./preferences.ts";
import { deleteVotes, keepVote, listVotes, picturesOf, storedVotes, type VoteToKeep, votedPicture } from "./votes.ts";

let store: Store;
let icon: { name: string; blob: Blob };
let other: typeof icon;

beforeEach(async () => {
  store = memoryStore();
  icon = await demoShot("001.webp");
  other = await demoShot("004.webp");
});

const ask = (text: string, ...pictures: (typeof icon)[]) => [{ role: "user" as const, text, pictures }];
const voteOf = (id: string, changes: Partial<VoteToKeep> = {}): VoteToKeep =>
  voteOn(id, ask("What is it?", icon), changes);

interface Exported {
  rows: PreferenceRow[];
  files: Record<string, Uint8Array>;
  notes: string[];
  readme: string;
}

async function exported(): Promise<Exported> {
  const { file, notes } = await preferencesZip(store);
  const files = unzipSync(new Uint8Array(await file.arrayBuffer()));
  const text = (name: string): string => new TextDecoder().decode(files[name]);
  const rows = text(PREFERENCES_FILE)
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { rows, files, notes, readme: text("README.md") };
}

test("a vote is kept with all it was about, a picture once; another verdict takes its place", async () => {
  await keepVote(store, voteOf("1"));
  await keepVote(store, voteOf("2", { verdict: "equal" }));
  await keepVote(store, voteOf("1", { verdict: "right", blind: false }));
  const { votes, damaged } = await listVotes(store);
  expect(damaged).toBe(0);
  expect(votes.map(({ id, verdict, blind }) => [id, verdict, blind])).toEqual([
    ["2", "equal", true],
    ["1", "right", false],
  ]);
  const [picture] = votes[1]!.right.turns[0]!.pictures;
  expect(picture).toMatchObject({ name: "001.webp", type: "image/webp", bytes: icon.blob.size });
  expect(votes[1]).toMatchObject({
    settings: { seed: 3 },
    right: { name: "voice, step 4", runId: "r", text: "Ahoy!" },
  });
  expect((await store.keys("vote-picture/")).length).toBe(1);
  expect((await storedVotes(store)).votes).toBe(2);
});

test("a picture goes with the last vote that shows it; a damaged vote is counted and goes with all", async () => {
  await keepVote(store, voteOf("1"));
  await keepVote(store, voteOf("2"));
  await keepVote(store, voteOf("3", { left: { ...voteOf("3").left, turns: ask("And this?", other) } }));
  await deleteVotes(store, "1");
  expect((await store.keys("vote-picture/")).length).toBe(2);
  await deleteVotes(store, "3");
  expect((await store.keys("vote-picture/")).length).toBe(1);
  await store.set([["vote/4", new TextEncoder().encode("torn")]], "strict");
  expect(await listVotes(store)).toMatchObject({ votes: [{ id: "2" }], damaged: 1 });
  expect((await exported()).notes).toEqual(["1 vote left out: damaged, or of a newer version."]);
  await deleteVotes(store);
  expect([...(await store.keys("vote")), (await storedVotes(store)).bytes]).toEqual([0]);
  await expect(preferencesZip(store)).rejects.toMatchObject({ code: "bad-argument" });
});

test("another verdict keeps what a later version wrote of the vote, and a picture that only such a field shows", async () => {
  await keepVote(store, voteOf("1"));
  const kept = (await unsealJson((await store.get("vote/1"))!)) as Record<"left", object>;
  const shown = "e".repeat(64);
  const record = { ...kept, left: { ...kept.left, heat: `of ${shown}` }, reason: "shorter" };
  await store.set(
    [
      ["vote/1", await sealJson(record)],
      [`vote-picture/${shown}`, Uint8Array.of(1)],
    ],
    "strict",
  );
  await keepVote(store, voteOf("1", { verdict: "right" }));
  await keepVote(store, voteOf("2"));
  await deleteVotes(store, "2");
  expect(await unsealJson((await store.get("vote/1"))!)).toEqual({ ...record, verdict: "right" });
  expect((await store.keys("vote-picture/")).length).toBe(2);
});

test("a vote and a picture under another's name are damaged: neither is taken for the other", async () => {
  await keepVote(store, voteOf("1"));
  await keepVote(store, voteOf("2", { left: { ...voteOf("2").left, turns: ask("And this?", other) } }));
  const [first, second] = await store.keys("vote-picture/");
  await store.set(
    [
      ["vote/3", (await store.get("vote/1"))!],
      [first!, (await store.get(second!))!],
    ],
    "strict",
  );
  const { votes, damaged } = await listVotes(store);
  expect([votes.map(({ id }) => id), damaged]).toEqual([["2", "1"], 1]);
  const pictures = await Promise.all(
    votes
      .flatMap(picturesOf)
      .map(async (shot) => [`vote-picture/${shot.sha256}`, await votedPicture(store, shot)] as const),
  );
  for (const [key, bytes] of pictures) expect(bytes === undefined).toBe(key === first);
});

test("preference rows as TRL reads them: messages of parts, images beside them; what makes no row is counted", async () => {
  await keepVote(store, voteOf("1", { verdict: "right", system: "Be short." }));
  await keepVote(store, voteOf("2", { verdict: "equal" }));
  await keepVote(store, voteOf("3", { verdict: "neither" }));
  await keepVote(store, voteOf("4", { right: { ...voteOf("4").right, text: "An owl." } }));
  const { rows, files, notes, readme } = await exported();
  const path = rows[0]!.images[0]!;
  expect(rows).toEqual([
    {
      prompt: [
        { role: "system", content: [{ type: "text", text: "Be short." }] },
        { role: "user", content: [{ type: "image" }, { type: "text", text: "What is it?" }] },
      ],
      chosen: [{ role: "assistant", content: [{ type: "text", text: "Ahoy!" }] }],
      rejected: [{ role: "assistant", content: [{ type: "text", text: "An owl." }] }],
      images: [path],
    },
  ]);
  expect(path).toMatch(/^images\/[0-9a-f]{20}\.webp$/);
  expect(files[path]).toEqual(new Uint8Array(await icon.blob.arrayBuffer()));
  expect(Object.keys(files).sort()).toEqual(["README.md", path, PREFERENCES_FILE]);
  expect(notes).toEqual([
    "1 vote for equal answers left out.",
    "1 vote for two bad answers left out.",
    "1 vote between answers of the same words left out.",
  ]);
  expect(readme).toContain(`1 row of 4 votes, by TabTune. ${notes.join(" ")}`);
});

test("the prompt is what the chosen answer followed, with the system prompt as the model had it", async () => {
  const before = (said: string) => [
    ...ask("What is it?", icon),
    { role: "assistant" as const, text: said, pictures: [] },
    ...ask("And now?", other),
  ];
  const { left, right } = voteOf("1");
  await keepVote(
    store,
    voteOf("1", {
      system: "Be short.",
      systemRole: false,
      left: { ...left, turns: before("An owl."), stopped: "length" },
      right: { ...right, turns: before("Ahoy!") },
    }),
  );
  const { rows, notes } = await exported();
  expect(rows[0]!.prompt.map(({ content }) => content.at(-1))).toEqual(
    ["Be short.\n\nWhat is it?", "An owl.", "And now?"].map((text) => ({ type: "text", text })),
  );
  expect(rows[0]!.images.length).toBe(2);
  expect(notes).toEqual([
    "In 1 row the two had said other things before: the prompt is the chosen one's.",
    "In 1 row an answer was cut or stopped before its end.",
  ]);
});

test("what is exported is what TRL trained on, to the byte (reference/check_preferences.py)", async () => {
  const record = JSON.parse(await readFile("workers/testing/goldens/preferences.json", "utf8"));
  store = await sampleVotes();
  const { rows, files } = await exported();
  const hash = createHash("sha256").update(files[PREFERENCES_FILE]!).digest("hex");
  const pictures = rows.reduce((sum, { images }) => sum + images.length, 0);
  expect([rows.length, pictures, hash]).toEqual([record.rows, record.pictures, record.sha256]);
  expect(record.loss).toBeCloseTo(Math.log(2), 4);
});

test("a picture that is gone takes its rows along, and says so", async () => {
  await keepVote(store, voteOf("1"));
  await keepVote(
    store,
    voteOf("2", {
      left: { ...voteOf("2").left, turns: ask("Hi?") },
      right: { ...voteOf("2").right, turns: ask("Hi?") },
    }),
  );
  await store.delete(await store.keys("vote-picture/"));
  const { rows, notes } = await exported();
  expect(rows.map(({ images }) => images)).toEqual([[]]);
  expect(notes).toEqual(["1 vote left out whose pictures are gone or damaged."]);
});

test("the zip reads back here as questions with their chosen answers, and says so", async () => {
  await keepVote(store, voteOf("1", { verdict: "right", system: "Be short." }));
  await keepVote(store, voteOf("2"));
  const { file: zip } = await preferencesZip(store);
  const { rows, notes, skipped } = await readAll([file("votes.zip", new Uint8Array(await zip.arrayBuffer()))]);
  expect(rows.map(said)).toEqual([
    "user: [image]What is it? | assistant: An owl.",
    "system: Be short. | user: [image]What is it? | assistant: Ahoy!",
  ]);
  expect(skipped).toEqual([]);
  expect(notes.join(" ")).toContain('"rejected" is left aside: of preferences the chosen answer is read');
});
