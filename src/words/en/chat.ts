/** The chat: one column or two. */
export const chat = {};
