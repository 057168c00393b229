/** An adapter put on the model, for who speaks next. */
import type { AdapterChoice } from "../chat/conversation.ts";
import type { LoraSettings } from "../models/parts/lora.ts";
import { readAdapterOf, standAdapter, writeSlabs } from "./adapters.ts";
import { livingModel } from "./standing-model.ts";
import { type EngineState, isAlive, needModel } from "./state.ts";
import { closeChat, dropAdapter, endAnswer, needIdle } from "./turns.ts";

/** Whether it is what the model speaks by when it speaks by an adapter. */
export const isOnModel = (s: EngineState, { runId, which }: AdapterChoice): boolean =>
  s.live?.runId === runId && s.live.which === which && isAlive(needModel(s).vlm.gpu);

/** Puts one of a run's adapters on the model, unless it is there. In turn. Throws as `putOnSaved`. */
export async function putOn(s: EngineState, choice: AdapterChoice): Promise<void> {
  if (!isOnModel(s, choice)) await putOnSaved(s, choice, "Stop it before changing the adapter.");
}

/**
 * Puts one of a run's adapters on the model as it was saved. One of the same shape goes into the buffers of the one before it: nothing is
 * allocated, and the chat with its recorded passes stays. In turn. What fails leaves the adapter that is there, and the answer that is
 * being written.
 * @param remedy what to do while a run goes on
 * @returns the step at which it was saved
 * @throws TabTuneError "bad-argument" while a run goes on, and where the adapter was not made on this model
 */
export async function putOnSaved(s: EngineState, choice: AdapterChoice, remedy: string): Promise<number> {
  needIdle(s, remedy);
  const model = await livingModel(s);
  const read = await readAdapterOf(await s.store(), model, choice);
  if (s.live && sameShape(s.live.adapter.settings, read.settings)) {
    await endAnswer(s);
    writeSlabs(model, s.live.adapter, read.slabs);
    s.chat?.adapterChanged();
    s.live = { ...s.live, runId: choice.runId, which: choice.which };
  } else {
    const next = standAdapter(model, read);
    await closeChat(s);
    dropAdapter(s);
    s.live = { ...choice, ...next };
  }
  return read.step;
}

/** Whether what was recorded for one adapter speaks by another: their buffers and their scale are the same. */
const sameShape = (a: LoraSettings, b: LoraSettings): boolean => shapeOf(a) === shapeOf(b);

const shapeOf = ({
  rank,
  alpha,
  useRslora,
  targets = "language-model",
  trainProjector = false,
}: LoraSettings): string => JSON.stringify([rank, alpha, useRslora, targets, trainProjector]);
