/** A conversation as the page has it: turns, what is asked of the model, what comes back. */

export interface ChatTurn {
  role: "user" | "assistant";
  text: string;
  /** Encoded picture bytes (user turns only). */
  pictures: Blob[];
}

/** One of a saved run's adapters; without `which`, what the run ends with. */
export interface AdapterChoice {
  runId: string;
  which?: "best" | "last" | undefined;
}

export interface ChatRequest {
  turns: ChatTurn[];
  /** Words that open the conversation; "" or absent for none. */
  system?: string;
  /** Token ids that the answer begins with: an answer that was cut goes on behind them. */
  begun?: number[];
  /** Who speaks; put on the model first where another one is there. Absent: the base model. */
  adapter?: AdapterChoice | undefined;
  maxNewTokens: number;
  /** 0 is greedy. */
  temperature: number;
  topP: number;
  /** 0 or absent: all tokens. */
  topK?: number;
  seed: number;
}

export type ChatEvent = { type: "text"; text: string } | { type: "prefill"; tokens: number };

export interface ChatResult {
  /** What it began with is part of it. */
  text: string;
  ids: number[];
  /** New ones. */
  tokens: number;
  seconds: number;
  /** What it took to put the adapter on the model; 0 where it was there. */
  changeSeconds: number;
  /** "full": the conversation has no room for another token. */
  stopped: "eos" | "length" | "full" | "user";
}
