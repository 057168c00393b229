/** The chat, and whose adapter it speaks by. */
import type { ChatApi } from "../protocol/engine.ts";
import { loadAdapterOf } from "./adapters.ts";
import { answer } from "./chat-answer.ts";
import { answerAll } from "./rows-answer.ts";
import { livingModel } from "./standing-model.ts";
import { type EngineState, isAlive, needModel } from "./state.ts";
import { closeChat, dropAdapter, inTurn, needIdle } from "./turns.ts";

export const chatApi = (s: EngineState): ChatApi => ({
  useAdapterOf: (runId) =>
    inTurn(s, async () => {
      if (s.live?.runId === runId && isAlive(needModel(s).vlm.gpu)) return;
      needIdle(s, "Stop it before changing the adapter.");
      const model = await livingModel(s);
      const next = await loadAdapterOf(await s.store(), model, runId);
      await closeChat(s);
      dropAdapter(s);
      s.live = next;
    }),

  chat: (request, onEvent) => answer(s, request, onEvent),
  answerRows: (request, next, onEvent) => answerAll(s, request, next, onEvent),
  async stopChat() {
    for (const asked of s.asked) asked.stopped = true;
    s.speaking?.stop();
  },
});
