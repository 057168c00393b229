/** A conversation as the page has it: turns, what is asked of the model, what comes back. */

export interface ChatTurn {
  role: "user" | "assistant";
  text: string;
  /** Encoded picture bytes (user turns only). */
  pictures: Blob[];
}

export interface ChatRequest {
  turns: ChatTurn[];
  /** Token ids that the answer begins with: an answer that was cut goes on behind them. */
  begun?: number[];
  useAdapter: boolean;
  maxNewTokens: number;
  /** 0 is greedy. */
  temperature: number;
  topP: number;
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
  /** "full": the conversation has no room for another token. */
  stopped: "eos" | "length" | "full" | "user";
}
