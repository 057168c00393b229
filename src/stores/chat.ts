/** The conversation: who is asked, what each of them has been asked before, and who said what. */
import { create } from "zustand";
import type { ChatEvent, ChatResult, ChatTurn } from "../../workers/chat/conversation.ts";
import { attempt, useApp } from "../page/store.ts";
import { callback, engine } from "../page/workers.ts";
import { useModel } from "./model.ts";
import { useRuns } from "./runs.ts";
import { useTraining } from "./training.ts";
import { footnoteOf, historyOf, picturesFor, type Speaker, type Turn } from "./turns.ts";

const MAX_NEW_TOKENS = 256;

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
  /** Writes on at an answer that was cut or stopped. */
  goOn(answer: Turn): Promise<void>;
  stop(): Promise<void>;
  clear(): void;
  adopt(runId: string): Promise<void>;
}

let nextId = 1;

/** Who would answer now. */
function speakerNow(useAdapter: boolean, run: string | undefined): Speaker {
  const model = useModel.getState().info?.id ?? "";
  if (!useAdapter || run === undefined) return { key: `${model} base`, name: "Base model" };
  const training = useTraining.getState();
  const saved = useRuns.getState().runs.find(({ id }) => id === run);
  const step = training.runId === run ? training.step : (saved?.step ?? 0);
  return { key: `${model} ${run}`, name: `Adapter, step ${step}`, adapter: { runId: run } };
}

export const useChat = create<ChatStore>((set, get) => {
  const change = (id: number, patch: Partial<Turn>): void =>
    set((s) => ({ turns: s.turns.map((turn) => (turn.id === id ? { ...turn, ...patch } : turn)) }));

  /** Asks for the answer `id` to a history; `begun` are ids it begins with. */
  async function answer(id: number, speaker: Speaker, turns: ChatTurn[], begun: number[]): Promise<void> {
    const { temperature } = get();
    const result: ChatResult = await engine((api) =>
      api.chat(
        {
          turns,
          begun,
          adapter: speaker.adapter,
          maxNewTokens: MAX_NEW_TOKENS,
          temperature,
          topP: 0.95,
          seed: id,
        },
        callback((event: ChatEvent) => {
          if (event.type === "text") change(id, { text: event.text });
        }),
      ),
    );
    const { text, ids, stopped } = result;
    change(id, { text, ids, stopped, footnote: footnoteOf(result) });
  }

  return {
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
      const { attached, turns, useAdapter, adapterRun } = get();
      useApp.getState().clear("chat");
      const speaker = speakerNow(useAdapter, adapterRun);
      const pictures = attached.length > 0 ? attached : picturesFor(turns, speaker);
      const question: Turn = { id: nextId++, role: "user", text, pictures, speaker };
      const reply: Turn = { id: nextId++, role: "assistant", text: "", pictures: [], speaker };
      set({ turns: [...turns, question, reply], attached: [], busy: true });
      try {
        await answer(reply.id, speaker, historyOf([...turns, question], speaker), []);
      } catch (error) {
        // An empty answer would look like the model's silence; the pictures wait for another try.
        set((s) => ({
          turns: s.turns.filter((turn) => turn.id !== reply.id && turn.id !== question.id),
          attached: [...attached, ...s.attached],
        }));
        useApp.getState().fail("chat", error);
      } finally {
        set({ busy: false });
      }
    },
    async goOn(reply) {
      const { turns } = get();
      useApp.getState().clear("chat");
      set({ busy: true });
      change(reply.id, { footnote: "", stopped: undefined });
      const before = turns.slice(
        0,
        turns.findIndex(({ id }) => id === reply.id),
      );
      try {
        await answer(reply.id, reply.speaker, historyOf(before, reply.speaker), reply.ids ?? []);
      } catch (error) {
        change(reply.id, reply);
        useApp.getState().fail("chat", error, "The answer so far is kept.");
      } finally {
        set({ busy: false });
      }
    },
    stop: () => engine((api) => api.stopChat()),
    clear() {
      const urls = new Set(get().turns.flatMap(({ pictures }) => pictures.map(({ url }) => url)));
      for (const url of urls) URL.revokeObjectURL(url);
      set({ turns: [] });
    },
    adopt: (runId) =>
      attempt("runs", async () => {
        await engine((api) => api.useAdapterOf(runId));
        set({ adapterRun: runId, useAdapter: true });
      }),
  };
});
