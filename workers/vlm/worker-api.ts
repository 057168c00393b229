/** What the page's side asks of its worker. */
import type { Answer, LoadProgress, ModelGiven, Question, VlmCost, VlmGiven, VlmInfo } from "./protocol.ts";

/** The worker's side. Calls reject with an ErrorReport. */
export interface VlmApi {
  cost(given: ModelGiven): Promise<VlmCost>;
  load(given: VlmGiven, onProgress: (progress: LoadProgress) => void): Promise<VlmInfo>;
  /** `onText` hears all that is written so far, each time more. An answer that is still being written ends first. */
  answer(question: Question, onText: (text: string) => void): Promise<Answer>;
  /** Ends the load and the answer that go on. */
  stop(): Promise<void>;
}
