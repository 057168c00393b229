/** Votes on answers side by side, as this browser keeps them. */
import { create } from "zustand";
import type { Vote, VoteToKeep } from "../../workers/chat/votes.ts";
import { attempt, useApp } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { download } from "../parts/download.ts";
import { words } from "../words/index.ts";

interface VotesStore {
  /** The newest first. */
  votes: Vote[];
  /** Votes that cannot be read. */
  damaged: number;
  /** What the last export has told. */
  exported: string;
  busy: boolean;
  refresh(): Promise<void>;
  keep(vote: VoteToKeep): Promise<void>;
  /** Without `id`: all of them. */
  remove(id?: string): Promise<void>;
  /** Hands preference rows to the browser's downloads. */
  save(): Promise<void>;
}

export const useVotes = create<VotesStore>((set, get) => {
  const working = async (work: () => Promise<void>): Promise<void> => {
    useApp.getState().clear("chat");
    set({ busy: true });
    await attempt("chat", work);
    set({ busy: false });
  };
  return {
    votes: [],
    damaged: 0,
    exported: "",
    busy: false,
    refresh: () => attempt("chat", async () => set(await engine((api) => api.listVotes()))),
    keep: (vote) =>
      working(async () => {
        await engine((api) => api.keepVote(vote));
        await get().refresh();
      }),
    remove: (id) =>
      working(async () => {
        await engine((api) => api.deleteVotes(id));
        set({ exported: "" });
        await get().refresh();
      }),
    save: () =>
      working(async () => {
        const { file, rows, notes } = await engine((api) => api.preferences());
        download(file, "tabtune-preferences.zip");
        set({ exported: [words().chat.votes.saved(rows), ...notes].join(" ") });
      }),
  };
});
