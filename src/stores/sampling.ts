/** How an answer draws its words. */

export interface Sampling {
  /** 0: always the likeliest. */
  temperature: number;
  /** Share of the likeliest words that are drawn from, 0 to 1. */
  topP: number;
  /** So many of the likeliest words are drawn from; 0: all. */
  topK: number;
}

/** Where nobody has chosen. */
export const USUAL_SAMPLING: Sampling = { temperature: 0, topP: 0.95, topK: 0 };
