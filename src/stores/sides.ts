/** Side by side: the same question to two speakers, with one seed and the same settings, one after the other. */
import { create } from "zustand";
import type { Verdict } from "../../workers/chat/votes.ts";
import { useApp } from "../page/store.ts";
import { words } from "../words/index.ts";
import { askEngine } from "./asking.ts";
import { useChat } from "./chat.ts";
import { useModel } from "./model.ts";
import { useRuns } from "./runs.ts";
import {
  conversationOf,
  isAnswered,
  SIDES,
  type Side,
  type SideAnswer,
  type SidesRow,
  sideTurns,
  voteOn,
} from "./sides-rows.ts";
import { speakersOf } from "./speakers.ts";
import { useTraining } from "./training.ts";
import { asBefore, canGoOn, footnoteOf, releasePictures, type Speaker } from "./turns.ts";
import { useVotes } from "./votes.ts";

interface SidesStore {
  on: boolean;
  /** Keys of those who were picked; undefined: the base model on the left, the newest adapter on the right. */
  picked: Record<Side, string | undefined>;
  /** New rows hide who is who, and mix the sides. */
  blind: boolean;
  rows: SidesRow[];
  /** What a changed question has cut, or what became of a vote; "" for nothing. */
  told: string;
  setOn(on: boolean): void;
  pick(side: Side, key: string): void;
  setBlind(blind: boolean): void;
  /** `rightAnswer`: what the data holds to be the answer. */
  ask(text: string, rightAnswer?: string): Promise<void>;
  /** Asks a question anew in other words, about the same pictures. Rows after it are cut. */
  edit(row: SidesRow, text: string): Promise<void>;
  /** Has both answers of the last row written again, with another seed. */
  regenerate(): Promise<void>;
  /** Writes on at the answers of a row that were cut or stopped. A vote that was given is about what was there then. */
  goOn(row: SidesRow): Promise<void>;
  /** Keeps a vote; the same verdict again takes it back. */
  vote(row: SidesRow, verdict: Verdict): Promise<void>;
  clear(): void;
}

/** Who can be asked now. */
function speakersNow(): Speaker[] {
  const { info } = useModel.getState();
  return info ? speakersOf(info.id, useRuns.getState().runs, useTraining.getState()) : [];
}

/** Those who were picked as far as they are there, else the first two. */
export function pairOf(speakers: readonly Speaker[], picked: SidesStore["picked"]): Record<Side, Speaker | undefined> {
  const find = (side: Side): Speaker | undefined => speakers.find(({ key }) => key === picked[side]);
  return { left: find("left") ?? speakers[0], right: find("right") ?? speakers[1] };
}

let nextId = 1;
const newId = (): number => nextId++;

export const useSides = create<SidesStore>((set, get) => {
  const change = (id: number, patch: (row: SidesRow) => Partial<SidesRow>): void =>
    set((s) => ({ rows: s.rows.map((row) => (row.id === id ? { ...row, ...patch(row) } : row)) }));
  const changeSide = (id: number, side: Side, patch: Partial<SideAnswer>): void =>
    change(id, (row) => ({ [side]: { ...row[side], ...patch } }));

  /** A row with nothing written yet. In blind ones a coin says who is left. */
  function newRow(
    question: Pick<SidesRow, "text" | "pictures" | "rightAnswer">,
    pair: readonly [Speaker, Speaker],
  ): SidesRow {
    const { temperature, topP, topK, maxNewTokens, system, seed } = useChat.getState();
    const { id, label, systemRole } = useModel.getState().info!;
    const { blind: hidden } = get();
    const [left, right] = hidden && Math.random() < 0.5 ? [pair[1], pair[0]] : pair;
    const rowId = newId();
    return {
      ...{
        ...question,
        id: rowId,
        seed: seed ?? rowId,
        temperature,
        topP,
        topK,
        maxNewTokens,
        system,
        systemRole,
        hidden,
      },
      model: { id, label },
      left: { speaker: left, text: "" },
      right: { speaker: right, text: "" },
      voteId: crypto.randomUUID(),
    };
  }

  /** Has both sides written to their ends, left before right: what is there is written on at, what has ended stays. */
  async function speak(row: SidesRow, earlier: readonly SidesRow[]): Promise<void> {
    const { system, temperature, topP, topK, maxNewTokens, seed } = row;
    for (const side of SIDES) {
      const { speaker, ids: begun } = row[side];
      if (begun && !canGoOn(row[side])) continue;
      const turns = sideTurns(earlier, row, side);
      const asked = { speaker, begun: begun ?? [], turns, system, temperature, topP, topK, maxNewTokens, seed };
      const result = await askEngine(asked, (text) => changeSide(row.id, side, { text }));
      const { text, ids, stopped } = result;
      changeSide(row.id, side, { text, ids, stopped, footnote: footnoteOf(result) });
      if (stopped === "user" && side === "left") {
        if (row.right.ids === undefined) changeSide(row.id, "right", { footnote: words().chat.footnote.notAsked });
        return;
      }
    }
  }

  /** Puts a row behind others and has it answered, left before right. What fails before a word is there leaves all as it was. */
  async function write(row: SidesRow, before: readonly SidesRow[], told: string): Promise<void> {
    const { rows } = get();
    const earlier = conversationOf(before, [row.left.speaker, row.right.speaker]);
    useApp.getState().clear("chat");
    set({ rows: [...before, row], told });
    useChat.setState({ busy: true, leftAside: "" });
    try {
      await speak(row, earlier);
      releasePictures(rows, get().rows);
    } catch (error) {
      const left = get().rows.find(({ id }) => id === row.id)?.left;
      if (left?.ids === undefined) set({ rows, told: "" });
      else changeSide(row.id, "right", { text: "", footnote: words().chat.footnote.none });
      useApp.getState().fail("chat", error, left?.ids ? words().chat.sides.leftKept : "");
    } finally {
      useChat.setState({ busy: false });
    }
  }

  const rowsBefore = ({ id }: SidesRow): SidesRow[] => {
    const { rows } = get();
    return rows.slice(
      0,
      rows.findIndex((row) => row.id === id),
    );
  };
  /** What the two of a row were asked before it. */
  const conversationBefore = (row: SidesRow): SidesRow[] =>
    conversationOf(rowsBefore(row), [row.left.speaker, row.right.speaker]);

  const pairNow = (): [Speaker, Speaker] | undefined => {
    const { left, right } = pairOf(speakersNow(), get().picked);
    return left && right && [left, right];
  };

  return {
    on: false,
    picked: { left: undefined, right: undefined },
    blind: false,
    rows: [],
    told: "",
    setOn: (on) => set({ on }),
    pick: (side, key) => set((s) => ({ picked: { ...s.picked, [side]: key } })),
    setBlind: (blind) => set({ blind }),
    async ask(text, rightAnswer) {
      const pair = pairNow();
      if (!pair) return;
      const { rows } = get();
      const { attached } = useChat.getState();
      // Two who have not been asked together yet see what the others were asked about last.
      const begins = conversationOf(rows, pair).length === 0;
      const earlier = begins ? rows.findLast(({ pictures }) => pictures.length > 0)?.pictures : undefined;
      const row = newRow({ text, rightAnswer, pictures: attached.length > 0 ? attached : (earlier ?? []) }, pair);
      useChat.setState({ attached: [] });
      await write(row, rows, "");
      if (get().rows.some(({ id }) => id === row.id)) return;
      useChat.setState((s) => ({ attached: [...attached, ...s.attached] }));
    },
    async edit(row, text) {
      const pair = pairNow();
      if (!pair) return;
      const before = rowsBefore(row);
      const later = get().rows.length - before.length - 1;
      await write(newRow({ text, pictures: row.pictures }, pair), before, words().chat.turns.cut(later));
    },
    async regenerate() {
      const pair = pairNow();
      const before = get().rows.at(-1);
      if (!pair || !before) return;
      const { text, pictures, rightAnswer } = before;
      const row = newRow({ text, pictures, rightAnswer }, pair);
      await write(row, get().rows.slice(0, -1), "");
      const now = get().rows.find(({ id }) => id === row.id);
      for (const side of SIDES) {
        const same = SIDES.map((one) => before[one]).find(({ speaker }) => speaker.key === now?.[side].speaker.key);
        if (!now?.[side].ids || now[side].text !== same?.text) continue;
        changeSide(row.id, side, {
          footnote: `${now[side].footnote}${asBefore(row.temperature, useChat.getState().seed)}`,
        });
      }
    },
    async goOn(row) {
      useApp.getState().clear("chat");
      useChat.setState({ busy: true });
      change(row.id, () => ({ voteId: crypto.randomUUID() }));
      try {
        await speak(row, conversationBefore(row));
      } catch (error) {
        // Of a side that has not come to its end, what was there stays.
        change(row.id, (now) =>
          Object.fromEntries(SIDES.flatMap((side) => (now[side].ids === row[side].ids ? [[side, row[side]]] : []))),
        );
        useApp.getState().fail("chat", error, words().chat.turns.soFar);
      } finally {
        useChat.setState({ busy: false });
      }
    },
    async vote(row, verdict) {
      if (!isAnswered(row)) return;
      const { votes, keep, remove } = useVotes.getState();
      const given = votes.find(({ id }) => id === row.voteId)?.verdict;
      if (given === verdict) {
        await remove(row.voteId);
        return set({ told: words().chat.sides.takenBack });
      }
      const { left, right, hidden } = row;
      await keep(voteOn(conversationBefore(row), row, verdict));
      if (!useVotes.getState().votes.some(({ id }) => id === row.voteId)) return;
      change(row.id, () => ({ hidden: false }));
      set({ told: hidden ? words().chat.sides.revealed(left.speaker.name, right.speaker.name) : "" });
    },
    clear() {
      releasePictures(get().rows, []);
      set({ rows: [], told: "" });
    },
  };
});
