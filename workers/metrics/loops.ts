/** Answers that say the same over and over until they are cut. */

/** The longest phrase that is looked for, in words, or in characters where a text has no spaces. */
const LONGEST = { words: 30, characters: 60 };
/** So often something must come in a row. A single word is said thrice by people too. */
const leastTimes = (units: number): number => (units === 1 ? 5 : units <= 3 ? 4 : 3);
/** Shorter repetitions are no loop. */
const LEAST = { words: 6, characters: 16 };

export interface Loop {
  phrase: string;
  /** How often it comes in a row, the last time whole. */
  times: number;
}

/** The phrase that a text ends in saying over and over; undefined where there is none. Its last time may be cut. */
export function loopOf(text: string): Loop | undefined {
  const words = text.trim().split(/\s+/);
  const byWords = loopIn(words, LONGEST.words, LEAST.words, " ");
  if (byWords || words.length >= LEAST.words) return byWords;
  // Scripts that write no spaces, and signs in a row.
  return loopIn([...text.trim()], LONGEST.characters, LEAST.characters, "");
}

function loopIn(units: readonly string[], longest: number, least: number, between: string): Loop | undefined {
  for (let period = 1; period <= Math.min(longest, units.length >> 1); period++) {
    let from = units.length - period;
    while (from > 0 && units[from - 1] === units[from - 1 + period]) from -= 1;
    const repeated = units.length - from;
    const times = Math.floor(repeated / period);
    if (times >= leastTimes(period) && repeated >= least)
      return { phrase: units.slice(from, from + period).join(between), times };
  }
  return undefined;
}
