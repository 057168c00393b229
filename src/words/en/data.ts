/** The place Data: dropping, columns, rows, the hub. */
export const data = {};
