/** Saved runs: verdict, list, comparison, ways out. */
export const runs = {};
