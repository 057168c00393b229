/** Apply: many pictures answered. */
export const apply = {};
