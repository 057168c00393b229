/** What votes add up to, pair by pair. */
import type { Vote } from "../../workers/chat/votes.ts";
import { words } from "../words/index.ts";

export interface Tally {
  /** An adapter before the base model. */
  names: [string, string];
  /** Votes for each of the two. */
  preferred: [number, number];
  equal: number;
  neither: number;
  blind: number;
  votes: number;
}

/** A vote keeps the name of then, which may be in another language: the base model has one name. */
const nameOf = ({ runId, name }: Vote["left"]): string => (runId === undefined ? words().chat.speakers.base : name);

/** The two of a vote in one order, whoever stood on which side. */
export function pairOfVote({ left, right }: Pick<Vote, "left" | "right">): [string, string] {
  const rank = ({ runId, name }: Vote["left"]): string => `${runId === undefined ? 1 : 0} ${name}`;
  return rank(left) <= rank(right) ? [nameOf(left), nameOf(right)] : [nameOf(right), nameOf(left)];
}

/** Pairs in the order of their newest votes. */
export function tallies(votes: readonly Vote[]): Tally[] {
  const pairs = new Map<string, Tally>();
  for (const vote of votes) {
    const names = pairOfVote(vote);
    const key = JSON.stringify(names);
    const tally: Tally = pairs.get(key) ?? { names, preferred: [0, 0], equal: 0, neither: 0, blind: 0, votes: 0 };
    pairs.set(key, tally);
    tally.votes += 1;
    if (vote.blind) tally.blind += 1;
    if (vote.verdict === "equal" || vote.verdict === "neither") tally[vote.verdict] += 1;
    else tally.preferred[nameOf(vote[vote.verdict]) === names[0] ? 0 : 1] += 1;
  }
  return [...pairs.values()];
}

/** "voice, step 100 preferred in 7 of 10, Base model in 1, 2 equal; 9 of them blind." */
export const tallyWords = (tally: Tally): string => words().chat.votes.tally(...tally.names, tally);

/** "“What is it?” on 1 picture: equal (Base model left, voice, step 4 right)" */
export function voteWords(vote: Vote): string {
  const say = words().chat.votes;
  const { left, right, verdict } = vote;
  const asked = left.turns.at(-1);
  const better = verdict === "left" || verdict === "right" ? say.better(nameOf(vote[verdict])) : say[verdict];
  return say.vote(asked?.text || say.aPicture, asked?.pictures.length ?? 0, better, nameOf(left), nameOf(right));
}
