/** What two speakers said to the same questions: a row a question. */
import type { ChatTurn } from "../../workers/chat/conversation.ts";
import type { Verdict, VotedAnswer, VoteToKeep } from "../../workers/chat/votes.ts";
import type { Sampling } from "./sampling.ts";
import type { Speaker, Turn } from "./turns.ts";

export const SIDES = ["left", "right"] as const;
export type Side = (typeof SIDES)[number];

export interface SideAnswer extends Pick<Turn, "speaker" | "text" | "ids" | "stopped" | "footnote"> {}

export interface SidesRow extends Record<Side, SideAnswer>, Sampling {
  id: number;
  text: string;
  pictures: Turn["pictures"];
  rightAnswer?: Turn["rightAnswer"];
  /** What both were asked with. */
  model: VoteToKeep["model"];
  system: string;
  systemRole: boolean;
  maxNewTokens: number;
  seed: number;
  /** Who is who is not shown before a vote. */
  hidden: boolean;
  /** Of the vote on these two answers. */
  voteId: string;
}

/** Both have answered, and may be voted on. */
export const isAnswered = (row: SidesRow): boolean => SIDES.every((side) => row[side].ids !== undefined);

const answerOf = (row: SidesRow, { key }: Speaker): SideAnswer | undefined =>
  SIDES.map((side) => row[side]).find(({ speaker }) => speaker.key === key);

/** The rows at the end that the same two were asked: what they go on from. */
export function conversationOf(rows: readonly SidesRow[], pair: readonly Speaker[]): SidesRow[] {
  const from = rows.findLastIndex((row) => pair.some((speaker) => !answerOf(row, speaker)));
  return rows.slice(from + 1);
}

/** What a speaker was asked in these rows and said; questions that it has not answered are left out. */
export const sideHistory = (rows: readonly SidesRow[], speaker: Speaker): Turn[] =>
  rows.flatMap((row) => {
    const answer = answerOf(row, speaker);
    if (!answer?.text) return [];
    const { id, text, pictures } = row;
    return [
      { id, role: "user", text, pictures, speaker },
      { id, role: "assistant", text: answer.text, pictures: [], speaker },
    ] satisfies Turn[];
  });

/** The conversation that the answer on a side follows, the question last. */
export function sideTurns(earlier: readonly SidesRow[], row: SidesRow, side: Side): ChatTurn[] {
  const { speaker } = row[side];
  const question: Turn = { id: row.id, role: "user", text: row.text, pictures: row.pictures, speaker };
  return [...sideHistory(earlier, speaker), question].map(({ role, text, pictures }) => ({
    role,
    text,
    pictures: pictures.map(({ file }) => file),
  }));
}

/** A vote on a row, with all that it is about. `earlier`: the conversation before it. */
export function voteOn(earlier: readonly SidesRow[], row: SidesRow, verdict: Verdict): VoteToKeep {
  const answer = (side: Side): VoteToKeep[Side] => {
    const { speaker, text, stopped } = row[side];
    const run: Pick<VotedAnswer, "runId"> = speaker.adapter ? { runId: speaker.adapter.runId } : {};
    const turns = sideTurns(earlier, row, side).map(({ pictures, ...turn }) => ({
      ...turn,
      pictures: pictures.map((blob) => ({ name: blob instanceof File ? blob.name : "picture", blob })),
    }));
    return { name: speaker.name, ...run, turns, text, stopped: stopped ?? "user" };
  };
  const { voteId: id, hidden: blind, model, system, systemRole, temperature, topP, topK, maxNewTokens, seed } = row;
  return {
    ...{ id, at: new Date().toISOString(), verdict, blind, model, system, systemRole },
    settings: { temperature, topP, topK, seed, maxNewTokens },
    left: answer("left"),
    right: answer("right"),
  };
}
