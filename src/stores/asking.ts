/** One question to the engine, as the chat and both sides of a comparison ask it. */
import type { ChatEvent, ChatResult, ChatTurn } from "../../workers/chat/conversation.ts";
import { callback, engine } from "../page/workers.ts";
import type { Sampling } from "./sampling.ts";
import type { Speaker } from "./turns.ts";

export interface Asked extends Sampling {
  speaker: Speaker;
  /** What the speaker was asked and said, the question last. */
  turns: ChatTurn[];
  /** "" for none. */
  system: string;
  /** Tokens that the answer may have. */
  maxNewTokens: number;
  seed: number;
  /** Token ids that the answer begins with. */
  begun?: number[];
}

/** `onText` is told the whole answer so far. */
export const askEngine = (
  { speaker, begun = [], ...asked }: Asked,
  onText: (text: string) => void,
): Promise<ChatResult> =>
  engine((api) =>
    api.chat(
      { ...asked, begun, adapter: speaker.adapter },
      callback((event: ChatEvent) => {
        if (event.type === "text") onText(event.text);
      }),
    ),
  );
