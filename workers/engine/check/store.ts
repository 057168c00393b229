/** Looks at every entry of the store: its seal and its form, and that none is missing that a record names. */
import { positionsIn } from "../../apply/job.ts";
import { unpackedContents } from "../../data/held-out/content.ts";
import { unsealBytes } from "../../storage/sealed.ts";
import { sha256 } from "../../storage/sha256.ts";
import type { Store } from "../../storage/store.ts";
import { unsealAs } from "../../storage/unseal-as.ts";
import { pictureBytes } from "../../training/saved/answers.ts";
import { damagedCheckpoints } from "./checkpoints.ts";
import type { Damage, Looked } from "./damage.ts";
import { damagedParts } from "./data-parts.ts";
import { HASHED_ELSEWHERE, type RuleOfKey, ruleOf } from "./rules.ts";

/** Entries that are no JSON, or that versions before did not seal, and how they are read: undefined is damaged. */
const ownReading: [at: RegExp, read: (stored: Uint8Array) => Promise<object | undefined>][] = [
  [/^job\/[^/]+\/rows$/, positionsIn],
  [/^run\/[^/]+\/answers\/picture\//, pictureBytes],
  [/^dataset\/[^/]+\/contents$/, unpackedContents],
];

/** Keys go one after the other, so that a check takes no memory to speak of. `looked` hears of each. */
export async function* damageInStore(store: Store, looked: Looked): AsyncGenerator<Damage> {
  const keys = await store.keys("");
  for (const key of keys.filter((k) => !HASHED_ELSEWHERE.test(k))) {
    const found = await damageAt(store, key);
    looked();
    if (found) yield found;
  }
  const ids = (prefix: string): string[] => [
    ...new Set(keys.filter((key) => key.startsWith(prefix)).map((key) => key.split("/")[1]!)),
  ];
  for (const id of ids("run/")) yield* damagedCheckpoints(store, id, looked);
  for (const id of ids("dataset/")) yield* damagedParts(store, id, looked);
}

/** Undefined where the entry is whole, and where it went meanwhile. */
async function damageAt(store: Store, key: string): Promise<Damage | undefined> {
  const bytes = await store.get(key);
  const fault = bytes && (await faultOf(key, bytes));
  if (fault === undefined) return undefined;
  const known = ruleOf(key);
  if (known) return damageOf(store, key, known, fault);
  const message = `an entry "${key}" of no kind that this version knows`;
  return {
    kind: "unknown",
    item: key,
    message,
    follows: "Nothing reads it.",
    whole: false,
    mend: () => store.delete([key]),
  };
}

type Fault = "damaged" | "another entry lies there";

/** Undefined where it is whole. One of a kind that only a later version knows is left to that, as long as its seal holds. */
async function faultOf(key: string, bytes: Uint8Array): Promise<Fault | undefined> {
  const read = ownReading.find(([at]) => at.test(key))?.[1];
  if (read) return (await read(bytes)) ? undefined : "damaged";
  const content = await unsealBytes(bytes);
  if (content === undefined) return "damaged";
  const { rule, item = "", n = "" } = ruleOf(key) ?? {};
  // A picture is called by the hash of its bytes.
  const isOwn = key.startsWith("vote-picture/")
    ? (await sha256(content)) === item
    : !rule?.form || (await unsealAs(rule.form(item, n), bytes)) !== undefined;
  return isOwn ? undefined : "another entry lies there";
}

function damageOf(
  store: Store,
  key: string,
  { rule: { kind, place, mend, follows }, item, n }: RuleOfKey,
  fault: Fault,
): Damage {
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  const gone = async (): Promise<void> => {
    const bytes = await store.get(key);
    // Somebody wrote it anew meanwhile.
    if (bytes === undefined || !(await faultOf(key, bytes))) return;
    if (mend === "entry") return store.delete([key]);
    const beside = await store.keys(folder);
    return store.delete(mend === "beside" ? beside : beside.filter((other) => other >= key));
  };
  const damage = { kind, item: kind === "votes" ? "votes" : item, message: `${place(n)} (${fault})`, follows };
  return mend === "item" ? { ...damage, whole: true } : { ...damage, whole: false, mend: gone };
}
