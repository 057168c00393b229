/**
 * A conversation with several speakers: the base model and the adapters of runs. Each has a history of its own, since an answer that
 * follows another's words sounds like the other.
 */
import type { AdapterChoice, ChatResult, ChatTurn } from "../../workers/chat/conversation.ts";
import type { GivenAnswer } from "../../workers/metrics/answer-advice.ts";
import { fixed } from "../parts/format.ts";
import { words } from "../words/index.ts";
import type { Sampling } from "./sampling.ts";

export interface Speaker {
  /** Model and run: turns of one key are one history. */
  key: string;
  /** "Base model", "Adapter, step 12" */
  name: string;
  /** Absent: the base model. */
  adapter?: AdapterChoice;
}

export interface Turn {
  id: number;
  role: "user" | "assistant";
  text: string;
  /** `url`: an object URL of the file. */
  pictures: { file: File; url: string }[];
  /** Who was asked, or answers. */
  speaker: Speaker;
  /** What the data holds to be the right answer to a question of its own. */
  rightAnswer?: string | undefined;
  /** What an answer's draws begin with. */
  seed?: number;
  /** How an answer was asked for: one that was cut goes on in the same way, whatever the settings are by then. */
  asked?: Sampling & { system: string };
  /** Token ids and end of an answer that is no longer being written. */
  ids?: number[];
  stopped?: ChatResult["stopped"] | undefined;
  footnote?: string;
}

/** What a speaker has been asked and has said. */
export const historyOf = (turns: readonly Turn[], { key }: Speaker): ChatTurn[] =>
  turns
    .filter(({ speaker }) => speaker.key === key)
    .map(({ role, text, pictures }) => ({ role, text, pictures: pictures.map(({ file }) => file) }));

/** The pictures of a question that brings none: who has seen nothing yet is shown what the others were asked about last. */
export function picturesFor(turns: readonly Turn[], { key }: Speaker): Turn["pictures"] {
  if (turns.some(({ speaker }) => speaker.key === key)) return [];
  return turns.findLast(({ pictures }) => pictures.length > 0)?.pictures ?? [];
}

/** Complete answers, as advice goes by them. One that was cut where less room was given than `maxNewTokens` has had its remedy. */
export const completeAnswers = (
  answers: readonly Pick<Turn, "text" | "ids" | "stopped">[],
  maxNewTokens: number,
): GivenAnswer[] =>
  answers.flatMap(({ text, ids = [], stopped }) =>
    stopped === undefined
      ? []
      : [{ answer: text, stopped: stopped === "length" && ids.length < maxNewTokens ? "user" : stopped }],
  );

/** What whoever spoke last has said. */
export const answersOf = (turns: readonly Turn[]): Turn[] =>
  turns.filter(({ role, speaker }) => role === "assistant" && speaker.key === turns.at(-1)?.speaker.key);

/** An answer that can go on: cut at its length, or stopped. */
export const canGoOn = ({ stopped }: Pick<Turn, "stopped">): boolean => stopped === "length" || stopped === "user";

/** A change of adapters that takes longer is told. */
const SLOW_CHANGE_SECONDS = 0.5;

/** "42 tokens, 12.3 a second, stopped; 2.1 s to put the adapter on" */
export function footnoteOf({ ids, tokens, seconds, stopped, changeSeconds }: ChatResult): string {
  const say = words().chat.footnote;
  const rate = tokens / Math.max(seconds, 1e-3);
  const change = changeSeconds >= SLOW_CHANGE_SECONDS ? say.change(fixed(changeSeconds, 1)) : "";
  return `${say.speed(ids.length, fixed(rate, 1))}${say.ends[stopped]}${change}`;
}

/** What an answer that was asked for again says where it came out as before. `seed`: the one that every answer has, where somebody chose it. */
export function asBefore(temperature: number, seed: number | undefined): string {
  const say = words().chat.footnote;
  if (temperature === 0) return say.sameAtZero;
  return seed === undefined ? say.sameByChance : say.sameBySeed;
}

/** Frees the pictures of what is gone, but for those that are still shown. */
export function releasePictures(
  gone: readonly Pick<Turn, "pictures">[],
  kept: readonly Pick<Turn, "pictures">[],
): void {
  const urls = (of: readonly Pick<Turn, "pictures">[]) =>
    new Set(of.flatMap(({ pictures }) => pictures.map(({ url }) => url)));
  const shown = urls(kept);
  for (const url of urls(gone)) if (!shown.has(url)) URL.revokeObjectURL(url);
}
