/** What answers show of themselves: that they repeat, and that they are cut. */
import type { Advice } from "../advice.ts";
import { counted } from "../words.ts";
import { loopOf } from "./loops.ts";

export interface GivenAnswer {
  answer: string;
  /** "length": so many tokens as were asked for; "full": no position was left; "user": somebody stopped it. */
  stopped: "eos" | "length" | "full" | "user";
}

interface Writing {
  /** Tokens that an answer may have. */
  maxNewTokens: number;
  /** Greedy is 0, and where nothing is said. */
  temperature?: number;
}

/** Longer answers are seldom wanted, and cost minutes. */
export const MOST_NEW_TOKENS = 4096;
/** What transformers' and most services' examples sample with. */
const SAMPLING = 0.7;
const shown = (phrase: string): string => (phrase.length > 40 ? `${phrase.slice(0, 39)}…` : phrase);

/**
 * Advice on answers of one model. `set` may have `max_new_tokens`, and `temperature` where the answers were greedy; whoever cannot set
 * one of them leaves its button out. None for answers that ended by themselves and do not repeat.
 */
export function adviceOnAnswers(answers: readonly GivenAnswer[], { maxNewTokens, temperature = 0 }: Writing): Advice[] {
  const loops = answers.map(({ answer }) => loopOf(answer));
  const first = loops.find((loop) => loop !== undefined);
  const repeating = loops.filter((loop) => loop !== undefined).length;
  // An answer in a loop is not worth more room.
  const cut = answers.filter(({ stopped }, n) => stopped === "length" && !loops[n]).length;
  const of = counted(answers.length, "answer");
  const advice: Advice[] = [];
  if (first) {
    const greedy = temperature === 0;
    advice.push({
      about: "answers that repeat",
      words: `${repeating} of ${of} ${repeating === 1 ? "repeats itself" : "repeat themselves"} (“${shown(first.phrase)}” ${first.times} times in a row). ${
        greedy
          ? "The likeliest word each time leads into such loops; a little chance leads out of them."
          : "A model that was trained too hard does that: a lower learning rate or fewer steps may help."
      }`,
      ...(greedy ? { set: { temperature: SAMPLING } } : {}),
    });
  }
  if (cut > 0) {
    const more = Math.min(MOST_NEW_TOKENS, 2 * maxNewTokens);
    advice.push({
      about: "answers that are cut",
      words: `${cut} of ${of} ${cut === 1 ? "was" : "were"} cut at ${counted(maxNewTokens, "token")}, before the model had ended.`,
      ...(more > maxNewTokens ? { set: { max_new_tokens: more } } : {}),
    });
  }
  return advice;
}
