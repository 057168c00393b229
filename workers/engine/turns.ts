/**
 * What may go on beside what on the engine's one GPU. Calls arrive while others are under way; whoever takes something away ends its
 * user first, in order, and what stands stays until its successor stands:
 *
 *     asked            while a load goes on    while an answer is written    while a run goes on (paused too)
 *     load             ends it, then loads     ends it when the model stands refused
 *     train, resume    refused                 ends it                       refused
 *     go on (unpause)  –                       ends it                       goes on
 *     chat             on the model that is    ends it, then answers         refused unless paused
 *     answer rows      as chat                 as chat                       as chat
 *     other adapter    on the model that is    ends it when the adapter is   refused
 *     chat by another  as both                 ends it, then both            refused
 *     delete run       –                       ends it if it speaks by it    refused for that run
 *
 * What is done ahead of a run (ready.ts) gives way to all of them: the self-test waits while an answer is written and ends when another
 * model stands, and a run goes on where it is. A deletion waits for downloads of that run. `turns.test.ts` asks each pair.
 */
import { TabTuneError } from "../errors.ts";
import type { EngineState } from "./state.ts";

/**
 * One change of what lies on the GPU after the other. `work` must not ask for a turn itself: it would wait for its own end.
 */
export function inTurn<T>(s: EngineState, work: () => Promise<T>): Promise<T> {
  const result = s.turn.then(work);
  // Its failure is told to whoever asked; the next one has its turn all the same.
  s.turn = result.then(ended, ended);
  return result;
}

const ended = (): void => undefined;

/** Stops the answer that is being written and waits for its last token. In turn. */
export async function endAnswer({ speaking }: EngineState): Promise<void> {
  speaking?.stop();
  await speaking?.done;
}

/** Ends the answer and gives the chat's buffers back. In turn. */
export async function closeChat(s: EngineState): Promise<void> {
  await endAnswer(s);
  const { chat } = s;
  s.chat = undefined;
  await chat?.dispose();
}

/** Takes the adapter off the model. In turn, after `closeChat`: the chat speaks by it. */
export function dropAdapter(s: EngineState): void {
  s.live?.arena.dispose();
  s.live = undefined;
}

/** Throws "bad-argument" while a run is going on; `remedy` says what to do. */
export function needIdle({ runningId }: EngineState, remedy: string): void {
  if (runningId) throw new TabTuneError("bad-argument", "A run is going on.", remedy, "The run is not disturbed.");
}

/** Throws "bad-argument" while a model is being loaded. */
export function needNoLoad({ loading }: EngineState): void {
  if (loading?.what !== "load") return;
  throw new TabTuneError("bad-argument", "A model is being loaded.", "Wait until it is ready, or stop the load first.");
}

/** Runs a load or preview that can be stopped, after it has ended the one before. */
export async function asLoad<T>(
  s: EngineState,
  what: "load" | "preview",
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const before = s.loading;
  const controller = new AbortController();
  const { signal } = controller;
  const run = async (): Promise<T> => {
    before?.stop();
    await before?.done;
    if (signal.aborted) throw loadStopped();
    return work(signal);
  };
  const result = run();
  const mine = { what, stop: () => controller.abort(), done: result.then(ended, ended) };
  s.loading = mine;
  try {
    return await result;
  } finally {
    if (s.loading === mine) s.loading = undefined;
  }
}

export const loadStopped = (): TabTuneError =>
  new TabTuneError("cancelled", "The load was stopped.", "Load the model again to go on where it stopped.");

/** Reads what is saved of a run; a deletion of the run waits for it. */
export async function reading<T>({ readers }: EngineState, runId: string, work: () => Promise<T>): Promise<T> {
  const result = work();
  const reader = { runId, done: result.then(ended, ended) };
  readers.add(reader);
  try {
    return await result;
  } finally {
    readers.delete(reader);
  }
}

/** Waits for those who read the run. */
export async function readersOf({ readers }: EngineState, runId: string): Promise<void> {
  await Promise.all([...readers].filter((reader) => reader.runId === runId).map(({ done }) => done));
}
