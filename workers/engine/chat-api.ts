/** The chat, whose adapter it speaks by, and votes on its answers. */
import { preferencesZip } from "../chat/preferences.ts";
import { deleteVotes, keepVote, listVotes } from "../chat/votes.ts";
import type { ChatApi } from "../protocol/engine.ts";
import { answer } from "./chat-answer.ts";
import { putOn } from "./put-on.ts";
import type { EngineState } from "./state.ts";
import { inTurn } from "./turns.ts";

export const chatApi = (s: EngineState): ChatApi => ({
  useAdapterOf: (runId) => inTurn(s, () => putOn(s, { runId })),

  chat: (request, onEvent) => answer(s, request, onEvent),
  async stopChat() {
    for (const asked of s.asked) asked.stopped = true;
    s.speaking?.stop();
  },

  keepVote: async (vote) => keepVote(await s.store(), vote),
  listVotes: async () => listVotes(await s.store()),
  deleteVotes: async (id) => deleteVotes(await s.store(), id),
  preferences: async () => preferencesZip(await s.store()),
});
