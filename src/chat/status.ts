/** What the Chat panel says, in words. */
import { counted } from "../../workers/words.ts";
import type { Side, SidesRow } from "../stores/sides-rows.ts";
import type { Speaker, Turn } from "../stores/turns.ts";

interface Asking {
  /** A model is loaded. */
  model: boolean;
  /** A run is training on it. */
  training: boolean;
  /** An answer is being written. */
  busy: boolean;
}

/** Why nothing can be asked now; "" when it can. */
export function askObstacle({ model, training, busy }: Asking): string {
  if (!model) return "Load a model first.";
  if (training) return "Pause the training to chat.";
  return busy ? "An answer is being written." : "";
}

interface Comparing {
  /** How many can answer. */
  speakers: number;
  left: Speaker | undefined;
  right: Speaker | undefined;
  /** The run that stands still in this tab: the model is its own. */
  paused: string | undefined;
}

/** Why these two cannot be asked side by side; "" when they can. */
export function pairObstacle({ speakers, left, right, paused }: Comparing): string {
  if (speakers < 2) return "There is no adapter to compare the base model with: train one, or add one under Runs.";
  if (left?.key === right?.key) return "Pick two who differ.";
  const others = [left, right].some((speaker) => speaker?.adapter && speaker.adapter.runId !== paused);
  const which = [left, right].some((speaker) => speaker?.adapter?.which);
  if (paused === undefined || !(others || which)) return "";
  return "While a run is paused, only the base model and that run as it is now can answer: stop it first.";
}

/** What is written above an answer: in a row that hides who is who, the side alone. */
export const nameOn = ({ hidden, ...row }: Pick<SidesRow, "hidden" | Side>, side: Side): string =>
  hidden ? SIDE_NAMES[side] : `${SIDE_NAMES[side]}: ${row[side].speaker.name}`;

const SIDE_NAMES: Record<Side, string> = { left: "Left", right: "Right" };

/** The end of an answer, in a hidden row without what would give its writer away. */
export const footnoteOn = ({ hidden, ...row }: Pick<SidesRow, "hidden" | Side>, side: Side): string => {
  const { ids, footnote = "" } = row[side];
  return hidden && ids ? counted(ids.length, "token") : footnote;
};

/** The newest answer of a side that is complete. */
export function spokenSide(row: SidesRow | undefined): string {
  const side = row && (["right", "left"] as const).find((one) => row[one].ids !== undefined);
  return row && side ? `${nameOn(row, side)}: ${row[side].text}` : "";
}

/** What to do first, in place of a conversation. */
export function emptyWords({ model, attached }: { model: boolean; attached: number }): string {
  if (!model) return "Load a model to talk to it.";
  return attached > 0 ? "Now ask." : "Attach a picture and ask.";
}

/** The last answer once it is complete: a log that is written word by word would be read out word by word. */
export function spokenAnswer(turns: readonly Pick<Turn, "role" | "speaker" | "text" | "footnote">[]): string {
  const last = turns.at(-1);
  return last?.role === "assistant" && last.footnote ? `${last.speaker.name}: ${last.text}` : "";
}

/** What opens the settings of answers, with those that are not as usual. */
export function settingsWords(system: string, temperature: number): string {
  const cut = system.length > 40 ? `${system.slice(0, 40)}…` : system;
  const set = [system && `“${cut}”`, temperature > 0 && `temperature ${temperature.toFixed(1)}`].filter(Boolean);
  return set.length > 0 ? `System prompt and sampling: ${set.join(", ")}` : "System prompt and sampling";
}

/** What becomes of a system prompt; undefined: no model is loaded yet. */
export function systemHint(systemRole: boolean | undefined): string {
  const place =
    systemRole === false
      ? " This model's chat template has no system role: the words stand before those of the first question instead."
      : "";
  return `Opens the conversation, from the next answer on.${place}`;
}
