/** What happens to a run that is disturbed, and when: all of it follows from a seed. */
import { philox } from "../../workers/random/philox.ts";

export const KINDS = ["kill", "reload", "gpu-crash", "full-disk", "second-tab"] as const;
export type Kind = (typeof KINDS)[number];

export interface Moment {
  kind: Kind;
  /** The run has made so many steps; a run that went back has to come here again first. */
  step: number;
  /** Milliseconds from there on: somewhere in the steps that follow. */
  wait: number;
  /** Of a kill or a reload: how it is held before a write to the run's records in place of waiting, so that it falls between two of them. */
  before?: RegExp;
  /** Which of the writes that match, from 1. */
  nth: number;
  /** Of a second tab: it goes on with the run when the first is closed. Else it looks on and is closed. */
  takesOver: boolean;
}

const STREAM = 0x736f616b;
const MOST_WAIT_MS = 900;
/** One save makes about as many: log, chunk, manifest, `latest`, and what goes away. */
const MOST_WRITES = 8;

/** Writes at a run's very end: of its last checkpoint, what goes when that is there, its last evaluation, and how it ended. */
const LAST_WRITES = [
  /^put .*\/manifest$/,
  /^delete .*\/manifest$/,
  /^put .*\/evaluation-begun$/,
  /^put .*\/evaluations$/,
  /^put .*\/info$/,
];

/**
 * `count` moments of a run of `steps` steps, in their order. Kinds come in rounds, each of them once; a round's kill comes before its GPU
 * crash, because Chromium gives a site no GPU for two minutes after the second crash of one browser. The last moment is a reload in the
 * writes behind the last step, which is made when nothing else is to be written.
 */
export function planMoments(seed: number, steps: number, count: number): Moment[] {
  let drawn = 0;
  /** A whole number below `n`. */
  const below = (n: number): number => Math.floor((philox([drawn++, 0, 0, 0], [seed, STREAM])[0] / 2 ** 32) * n);
  const shuffled = <T>(items: readonly T[]): T[] => {
    const left = [...items];
    return items.map(() => left.splice(below(left.length), 1)[0]!);
  };
  const round = (): Kind[] => {
    const dealt = shuffled(KINDS);
    const [kill, crash] = [dealt.indexOf("kill"), dealt.indexOf("gpu-crash")];
    if (crash < kill) [dealt[kill], dealt[crash]] = ["gpu-crash", "kill"];
    return dealt;
  };
  const kinds: Kind[] = [];
  while (kinds.length < count - 1) kinds.push(...round());
  // A second tab takes some steps to open, and a disk that fills up behind the last checkpoint would be found full by nobody.
  const all = Array.from({ length: steps - Math.max(4, Math.ceil(steps / 20)) }, (_, i) => i + 1);
  if (count - 1 > all.length) throw new Error(`${count} moments do not fit into ${steps} steps.`);
  const chosen = shuffled(all)
    .slice(0, count - 1)
    .sort((a, b) => a - b);
  const moments = chosen.map((step, i): Moment => {
    const kind = kinds[i]!;
    const isCut = kind === "kill" || kind === "reload";
    const held = isCut && below(2) === 1 ? { before: /^(put|delete) run\// } : {};
    return { kind, step, wait: below(MOST_WAIT_MS), ...held, nth: 1 + below(MOST_WRITES), takesOver: below(2) === 1 };
  });
  const before = LAST_WRITES[below(LAST_WRITES.length)]!;
  return [...moments, { kind: "reload", step: steps - 1, wait: 0, before, nth: 1, takesOver: false }];
}

/** "reload at step 12, before write 3 that is ^(put|delete) run\/". */
export function momentWords({ kind, step, wait, before, nth, takesOver }: Moment): string {
  if (kind === "second-tab") return `second tab at step ${step}, which ${takesOver ? "takes over" : "looks on"}`;
  const when = before ? `before write ${nth} that is ${before.source}` : `${wait} ms later`;
  return `${kind} at step ${step}, ${when}`;
}
