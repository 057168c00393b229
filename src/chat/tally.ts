/** What votes add up to, pair by pair. */
import type { Vote } from "../../workers/chat/votes.ts";
import { counted } from "../../workers/words.ts";

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

/** The two of a vote in one order, whoever stood on which side. */
export function pairOfVote({ left, right }: Pick<Vote, "left" | "right">): [string, string] {
  const rank = ({ runId, name }: Vote["left"]): string => `${runId === undefined ? 1 : 0} ${name}`;
  return rank(left) <= rank(right) ? [left.name, right.name] : [right.name, left.name];
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
    else tally.preferred[vote[vote.verdict].name === names[0] ? 0 : 1] += 1;
  }
  return [...pairs.values()];
}

/** "voice, step 100 preferred in 7 of 10, Base model in 1, 2 equal; 9 of them blind." */
export function tallyWords({ names: [first, second], preferred, equal, neither, blind, votes }: Tally): string {
  const parts = [
    `${first} preferred in ${preferred[0]} of ${votes}`,
    `${second} in ${preferred[1]}`,
    ...(equal > 0 ? [`${equal} equal`] : []),
    ...(neither > 0 ? [`${neither} both bad`] : []),
  ];
  const sight = blind === votes ? "all blind" : blind === 0 ? "none blind" : `${blind} of them blind`;
  return `${parts.join(", ")}; ${sight}.`;
}

/** "“What is it?” on 1 picture: equal (Base model left, voice, step 4 right)" */
export function voteWords(vote: Vote): string {
  const { left, right, verdict } = vote;
  const question = left.turns.at(-1)?.text || "a picture";
  const better = verdict === "equal" ? "equal" : verdict === "neither" ? "both bad" : `${vote[verdict].name} better`;
  const pictures = left.turns.at(-1)?.pictures.length ?? 0;
  return `“${question}”${pictures > 0 ? ` on ${counted(pictures, "picture")}` : ""}: ${better} (${left.name} left, ${right.name} right)`;
}
