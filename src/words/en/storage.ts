/** What this browser keeps. */
export const storage = {};
