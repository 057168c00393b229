/** The conversation: who is asked, what each of them has been asked before, and who said what. */
import { create } from "zustand";
import { attempt, useApp } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { words } from "../words/index.ts";
import { askEngine } from "./asking.ts";
import { useModel } from "./model.ts";
import { useRuns } from "./runs.ts";
import { adapterKey, baseSpeaker } from "./speakers.ts";
import { useTraining } from "./training.ts";
import { asBefore, footnoteOf, historyOf, picturesFor, releasePictures, type Speaker, type Turn } from "./turns.ts";

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
  /** Tokens that an answer may have. */
  maxNewTokens: number;
  /** Words that open every conversation; "" for none. */
  system: string;
  /** An answer is being written, here or side by side. */
  busy: boolean;
  /** What a changed question has cut; "" for nothing. */
  told: string;
  attach(files: Iterable<File>): void;
  detach(url: string): void;
  setUseAdapter(on: boolean): void;
  setTemperature(value: number): void;
  setMaxNewTokens(value: number): void;
  setSystem(text: string): void;
  send(text: string): Promise<void>;
  /** Asks a question anew in other words, about the same pictures. What came after it is cut. */
  edit(question: Turn, text: string): Promise<void>;
  /** Has the last answer written again, with another seed. */
  regenerate(): Promise<void>;
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
  if (!useAdapter || run === undefined) return baseSpeaker(model);
  const training = useTraining.getState();
  const saved = useRuns.getState().runs.find(({ id }) => id === run);
  const step = training.runId === run ? training.step : (saved?.step ?? 0);
  return { key: adapterKey(model, run), name: words().chat.speakers.adapter(step), adapter: { runId: run } };
}

export const useChat = create<ChatStore>((set, get) => {
  const change = (id: number, patch: Partial<Turn>): void =>
    set((s) => ({ turns: s.turns.map((turn) => (turn.id === id ? { ...turn, ...patch } : turn)) }));

  /** Has an answer written to what its speaker was asked in `before`; `begun` are ids it begins with. */
  async function write({ id, speaker, seed = id }: Turn, before: readonly Turn[], begun: number[] = []): Promise<void> {
    const { temperature, maxNewTokens, system } = get();
    const turns = historyOf(before, speaker);
    const result = await askEngine({ speaker, turns, system, temperature, maxNewTokens, seed, begun }, (text) =>
      change(id, { text }),
    );
    const { text, ids, stopped } = result;
    change(id, { text, ids, stopped, footnote: footnoteOf(result) });
  }

  /** Asks behind the turns `before`; what fails leaves the conversation as it was. */
  async function ask(text: string, pictures: Turn["pictures"], before: Turn[], told: string): Promise<void> {
    const { turns, attached, useAdapter, adapterRun } = get();
    useApp.getState().clear("chat");
    const speaker = speakerNow(useAdapter, adapterRun);
    const shown = pictures.length > 0 ? pictures : picturesFor(before, speaker);
    const taken = attached.filter((one) => pictures.includes(one));
    const question: Turn = { id: nextId++, role: "user", text, pictures: shown, speaker };
    const reply: Turn = { id: nextId++, role: "assistant", text: "", pictures: [], speaker };
    set({
      turns: [...before, question, reply],
      attached: attached.filter((one) => !taken.includes(one)),
      busy: true,
      told,
    });
    try {
      await write(reply, [...before, question]);
      releasePictures(turns, get().turns);
    } catch (error) {
      // An empty answer would look like the model's silence; the pictures wait for another try.
      set((s) => ({ turns, attached: [...taken, ...s.attached], told: "" }));
      useApp.getState().fail("chat", error);
    } finally {
      set({ busy: false });
    }
  }

  /** Has an answer that is there written anew or on; what fails leaves it as it was. */
  async function again(reply: Turn, patch: Partial<Turn>, begun: number[], kept: string): Promise<void> {
    const { turns } = get();
    const before = turns.slice(
      0,
      turns.findIndex(({ id }) => id === reply.id),
    );
    useApp.getState().clear("chat");
    set({ busy: true, told: "" });
    change(reply.id, { footnote: "", stopped: undefined, ...patch });
    try {
      await write({ ...reply, ...patch }, before, begun);
    } catch (error) {
      change(reply.id, reply);
      useApp.getState().fail("chat", error, kept);
    } finally {
      set({ busy: false });
    }
  }

  return {
    turns: [],
    attached: [],
    useAdapter: true,
    adapterRun: undefined,
    temperature: 0,
    maxNewTokens: 256,
    system: "",
    busy: false,
    told: "",
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
    setMaxNewTokens: (maxNewTokens) => set({ maxNewTokens }),
    setSystem: (system) => set({ system }),
    send: (text) => ask(text, get().attached, get().turns, ""),
    async edit(question, text) {
      const { turns } = get();
      const at = turns.findIndex(({ id }) => id === question.id);
      const later = turns.slice(at + 1).filter(({ role }) => role === "user").length;
      await ask(text, question.pictures, turns.slice(0, at), words().chat.turns.cut(later));
    },
    async regenerate() {
      const { turns, useAdapter, adapterRun, temperature } = get();
      const reply = turns.at(-1);
      if (reply?.role !== "assistant") return;
      const now = speakerNow(useAdapter, adapterRun);
      // A run that has trained on since answers by what it has learnt.
      const speaker = now.key === reply.speaker.key ? now : reply.speaker;
      await again(reply, { text: "", speaker, seed: nextId++ }, [], words().chat.turns.before);
      const written = get().turns.find(({ id }) => id === reply.id);
      if (written?.seed === reply.seed || written?.text !== reply.text) return;
      change(reply.id, { footnote: `${written.footnote}${asBefore(temperature)}` });
    },
    goOn: (reply) => again(reply, {}, reply.ids ?? [], words().chat.turns.soFar),
    stop: () => engine((api) => api.stopChat()),
    clear() {
      releasePictures(get().turns, []);
      set({ turns: [], told: "" });
    },
    adopt: (runId) =>
      attempt("runs", async () => {
        await engine((api) => api.useAdapterOf(runId));
        set({ adapterRun: runId, useAdapter: true });
      }),
  };
});
