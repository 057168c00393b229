/** What the Chat panel says, in words. */
import { fixed } from "../parts/format.ts";
import type { ShownQuestion } from "../stores/questions.ts";
import { type Sampling, USUAL_SAMPLING } from "../stores/sampling.ts";
import type { Side, SidesRow } from "../stores/sides-rows.ts";
import type { Speaker, Turn } from "../stores/turns.ts";
import { words } from "../words/index.ts";

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
  const say = words().chat.obstacles;
  if (!model) return say.noModel;
  if (training) return say.training;
  return busy ? say.busy : "";
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
  const say = words().chat.obstacles;
  if (speakers < 2) return say.alone;
  if (left?.key === right?.key) return say.same;
  const others = [left, right].some((speaker) => speaker?.adapter && speaker.adapter.runId !== paused);
  const which = [left, right].some((speaker) => speaker?.adapter?.which);
  if (paused === undefined || !(others || which)) return "";
  return say.paused;
}

/** What is written above an answer: in a row that hides who is who, the side alone. */
export function nameOn({ hidden, ...row }: Pick<SidesRow, "hidden" | Side>, side: Side): string {
  const name = words().chat.sides.names[side];
  return hidden ? name : `${name}: ${row[side].speaker.name}`;
}

/** The end of an answer, in a hidden row without what would give its writer away. */
export const footnoteOn = ({ hidden, ...row }: Pick<SidesRow, "hidden" | Side>, side: Side): string => {
  const { ids, footnote = "" } = row[side];
  return hidden && ids ? words().chat.footnote.tokens(ids.length) : footnote;
};

/** The newest answer of a side that is complete. */
export function spokenSide(row: SidesRow | undefined): string {
  const side = row && (["right", "left"] as const).find((one) => row[one].ids !== undefined);
  return row && side ? `${nameOn(row, side)}: ${row[side].text}` : "";
}

/** What to do first, in place of a conversation. */
export function emptyWords({ model, attached }: { model: boolean; attached: number }): string {
  const say = words().chat.empty;
  if (!model) return say.noModel;
  return attached > 0 ? say.attached : say.noPicture;
}

/** The last answer once it is complete: a log that is written word by word would be read out word by word. */
export function spokenAnswer(turns: readonly Pick<Turn, "role" | "speaker" | "text" | "footnote">[]): string {
  const last = turns.at(-1);
  return last?.role === "assistant" && last.footnote ? `${last.speaker.name}: ${last.text}` : "";
}

/** What opens the settings of answers, with those that are not as usual; what has no effect at temperature 0 is not told there. */
export function settingsWords(
  system: string,
  { temperature, topP, topK, seed }: Sampling & { seed?: number | undefined },
): string {
  const cut = system.length > 40 ? `${system.slice(0, 40)}…` : system;
  const say = words().chat.settings;
  const drawn = [
    say.temperature(fixed(temperature, 1)),
    topK > 0 && say.topK(topK),
    topP !== USUAL_SAMPLING.topP && say.topP(fixed(topP, 2)),
    seed !== undefined && say.seed(seed),
  ];
  const set = [system && say.quoted(cut), ...(temperature > 0 ? drawn : [])].filter(Boolean);
  return set.length > 0 ? say.set(set.join(", ")) : say.title;
}

/** What becomes of a system prompt; undefined: no model is loaded yet. */
export function systemHint(systemRole: boolean | undefined): string {
  const say = words().chat.settings;
  return systemRole === false ? `${say.systemHint} ${say.noSystemRole}` : say.systemHint;
}

/** What the button of a question is called: of many about one thing each has its row. */
export const questionLabel = ({ position, question, pictures }: Omit<ShownQuestion, "shown">): string =>
  words().chat.empty.question(position + 1, question, pictures);
