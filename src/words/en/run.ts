/** A run as it goes: status, buttons, curve, figures. */
export const run = {};
