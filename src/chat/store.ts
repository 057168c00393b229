/** The conversation, and which adapter answers. */
import { create } from "zustand";
import type { ChatEvent, ChatTurn } from "../../workers/protocol.ts";
import { useApp } from "../app/store.ts";
import { callback, engine } from "../app/workers.ts";
import { useModel } from "../model/store.ts";
import { useTraining } from "../training/store.ts";

export interface Turn extends ChatTurn {
  id: number;
  /** Object URLs of the pictures. */
  previews: string[];
  /** "42 tokens, 12 a second" */
  footnote?: string;
}

/** A picture that goes with the next message; `url` is an object URL of the file. */
export interface Attached {
  file: File;
  url: string;
}

interface ChatStore {
  turns: Turn[];
  attached: Attached[];
  useAdapter: boolean;
  adapterRun: string | undefined;
  temperature: number;
  busy: boolean;
  attach(files: Iterable<File>): void;
  detach(url: string): void;
  setUseAdapter(on: boolean): void;
  setTemperature(value: number): void;
  send(text: string): Promise<void>;
  stop(): Promise<void>;
  clear(): void;
  adopt(runId: string): Promise<void>;
}

let nextId = 1;

export const useChat = create<ChatStore>((set, get) => ({
  turns: [],
  attached: [],
  useAdapter: true,
  adapterRun: undefined,
  temperature: 0,
  busy: false,
  attach(files) {
    const more = Array.from(files, (file): Attached => ({ file, url: URL.createObjectURL(file) }));
    set((s) => ({ attached: [...s.attached, ...more] }));
  },
  detach(url) {
    URL.revokeObjectURL(url);
    set((s) => ({ attached: s.attached.filter((picture) => picture.url !== url) }));
  },
  setUseAdapter: (useAdapter) => set({ useAdapter }),
  setTemperature: (temperature) => set({ temperature }),
  async send(text) {
    const { attached, turns, useAdapter, temperature } = get();
    useApp.getState().clear("chat");
    const question: Turn = {
      id: nextId++,
      role: "user",
      text,
      pictures: attached.map(({ file }) => file),
      previews: attached.map(({ url }) => url),
    };
    const answer: Turn = { id: nextId++, role: "assistant", text: "", pictures: [], previews: [] };
    set({ turns: [...turns, question, answer], attached: [], busy: true });
    const change = (patch: Partial<Turn>): void =>
      set((s) => ({ turns: s.turns.map((turn) => (turn.id === answer.id ? { ...turn, ...patch } : turn)) }));
    try {
      const asked = [...turns, question].map(({ role, text: words, pictures }) => ({ role, text: words, pictures }));
      const result = await engine((api) =>
        api.chat(
          { turns: asked, useAdapter, maxNewTokens: 256, temperature, topP: 0.95, seed: question.id },
          callback((event: ChatEvent) => {
            if (event.type === "text") change({ text: event.text });
          }),
        ),
      );
      const rate = result.tokens / Math.max(result.seconds, 1e-3);
      change({ text: result.text, footnote: `${result.tokens} tokens, ${rate.toFixed(1)} a second` });
    } catch (error) {
      // An empty answer would look like the model's silence; the pictures wait for another try.
      set((s) => ({
        turns: s.turns.filter((turn) => turn.id !== answer.id && turn.id !== question.id),
        attached: [...attached, ...s.attached],
      }));
      useApp.getState().fail("chat", error);
    } finally {
      set({ busy: false });
    }
  },
  stop: () => engine((api) => api.stopChat()),
  clear() {
    for (const turn of get().turns) for (const url of turn.previews) URL.revokeObjectURL(url);
    set({ turns: [] });
  },
  async adopt(runId) {
    try {
      await engine((api) => api.useAdapterOf(runId));
      set({ adapterRun: runId, useAdapter: true });
    } catch (error) {
      useApp.getState().fail("runs", error);
    }
  },
}));

// The run that trains is the adapter on the model.
useTraining.subscribe((state, before) => {
  if (state.runId !== before.runId) useChat.setState({ adapterRun: state.runId });
});
useModel.subscribe((state, before) => {
  if (state.info?.id !== before.info?.id) useChat.setState({ adapterRun: undefined });
});
