/** Pieces that places share: errors, progress, galleries. */
export const parts = {};
