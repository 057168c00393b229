/** The conversation: who is asked, what each of them has been asked before, and who said what. */
import { create } from "zustand";
import { isPictureName } from "../../workers/data/rows/sidecar.ts";
import { attempt, useApp } from "../page/store.ts";
import { engine } from "../page/workers.ts";
import { words } from "../words/index.ts";
import { askEngine } from "./asking.ts";
import { useModel } from "./model.ts";
import { useRuns } from "./runs.ts";
import { type Sampling, USUAL_SAMPLING } from "./sampling.ts";
import { adapterKey, baseSpeaker } from "./speakers.ts";
import { useTraining } from "./training.ts";
import { asBefore, footnoteOf, historyOf, picturesFor, releasePictures, type Speaker, type Turn } from "./turns.ts";

/** A picture that goes with the next message; `url` is an object URL of the file. */
export interface Attached {
  file: File;
  url: string;
}

interface ChatStore extends Sampling {
  turns: Turn[];
  attached: Attached[];
  useAdapter: boolean;
  adapterRun: string | undefined;
  /** What the draws of every answer begin with; undefined: another one each time. */
  seed: number | undefined;
  /** Tokens that an answer may have. */
  maxNewTokens: number;
  /** Words that open every conversation; "" for none. */
  system: string;
  /** An answer is being written, here or side by side. */
  busy: boolean;
  /** What a changed question has cut; "" for nothing. */
  told: string;
  /** What was given along with pictures and is none; "" for nothing. */
  leftAside: string;
  /** Pictures that go with the next message; whatever else is among the files is told. */
  attach(files: Iterable<File>): void;
  detach(url: string): void;
  setUseAdapter(on: boolean): void;
  change(settings: Partial<Pick<ChatStore, keyof Sampling | "seed" | "maxNewTokens" | "system">>): void;
  /** `rightAnswer`: what the data holds to be the answer, to be shown beside the model's. */
  send(text: string, rightAnswer?: string): Promise<void>;
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

/** By its kind; by its name where the browser knows no kind of it. */
const isPicture = ({ name, type }: File): boolean => type.startsWith("image/") || (type === "" && isPictureName(name));

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
  async function write(reply: Turn, before: readonly Turn[], begun: number[] = []): Promise<void> {
    const { id, speaker, seed = id } = reply;
    const { temperature, topP, topK, maxNewTokens, system } = get();
    const asked = begun.length > 0 && reply.asked ? reply.asked : { temperature, topP, topK, system };
    const turns = historyOf(before, speaker);
    const result = await askEngine({ speaker, turns, ...asked, maxNewTokens, seed, begun }, (text) =>
      change(id, { text }),
    );
    const { text, ids, stopped } = result;
    change(id, { text, ids, stopped, asked, footnote: footnoteOf(result) });
  }

  /** Asks behind the turns `before`; what fails leaves the conversation as it was. */
  async function ask(
    { text, pictures, rightAnswer }: Pick<Turn, "text" | "pictures" | "rightAnswer">,
    before: Turn[],
    told: string,
  ): Promise<void> {
    const { turns, attached, useAdapter, adapterRun, seed } = get();
    useApp.getState().clear("chat");
    const speaker = speakerNow(useAdapter, adapterRun);
    const shown = pictures.length > 0 ? pictures : picturesFor(before, speaker);
    const taken = attached.filter((one) => pictures.includes(one));
    const question: Turn = { id: nextId++, role: "user", text, pictures: shown, speaker, rightAnswer };
    const id = nextId++;
    const reply: Turn = { id, role: "assistant", text: "", pictures: [], speaker, seed: seed ?? id };
    set({
      turns: [...before, question, reply],
      attached: attached.filter((one) => !taken.includes(one)),
      busy: true,
      told,
      leftAside: "",
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
    ...USUAL_SAMPLING,
    seed: undefined,
    maxNewTokens: 256,
    system: "",
    busy: false,
    told: "",
    leftAside: "",
    attach(files) {
      const all = Array.from(files);
      const pictures = all.filter(isPicture);
      const others = all.filter((file) => !isPicture(file)).map(({ name }) => name);
      const more = pictures.map((file): Attached => ({ file, url: URL.createObjectURL(file) }));
      const leftAside = others.length > 0 ? words().chat.pictures.leftAside(others) : "";
      set((s) => ({ attached: [...s.attached, ...more], leftAside }));
    },
    detach(url) {
      URL.revokeObjectURL(url);
      set((s) => ({ attached: s.attached.filter((picture) => picture.url !== url) }));
    },
    setUseAdapter: (useAdapter) => set({ useAdapter }),
    change: (settings) => set(settings),
    send: (text, rightAnswer) => ask({ text, pictures: get().attached, rightAnswer }, get().turns, ""),
    async edit(question, text) {
      const { turns } = get();
      const at = turns.findIndex(({ id }) => id === question.id);
      const later = turns.slice(at + 1).filter(({ role }) => role === "user").length;
      await ask({ text, pictures: question.pictures }, turns.slice(0, at), words().chat.turns.cut(later));
    },
    async regenerate() {
      const { turns, useAdapter, adapterRun, temperature, seed } = get();
      const reply = turns.at(-1);
      if (reply?.role !== "assistant") return;
      const now = speakerNow(useAdapter, adapterRun);
      // A run that has trained on since answers by what it has learnt.
      const speaker = now.key === reply.speaker.key ? now : reply.speaker;
      await again(reply, { text: "", speaker, seed: seed ?? nextId++ }, [], words().chat.turns.before);
      const written = get().turns.find(({ id }) => id === reply.id);
      // The answer of before was put back.
      if (!written || written.ids === reply.ids || written.text !== reply.text) return;
      change(reply.id, { footnote: `${written.footnote}${asBefore(temperature, seed)}` });
    },
    goOn: (reply) => again(reply, {}, reply.ids ?? [], words().chat.turns.soFar),
    stop: () => engine((api) => api.stopChat()),
    clear() {
      releasePictures(get().turns, []);
      set({ turns: [], told: "", leftAside: "" });
    },
    adopt: (runId) =>
      attempt("runs", async () => {
        await engine((api) => api.useAdapterOf(runId));
        set({ adapterRun: runId, useAdapter: true });
      }),
  };
});
