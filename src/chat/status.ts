/** What the Chat panel says, in words. */
import type { Turn } from "../stores/turns.ts";

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
