/** Characters of what people say of a run. */
export const MOST_NAME = 120;
export const MOST_NOTE = 10_000;
