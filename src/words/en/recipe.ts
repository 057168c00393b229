/** The recipe: questions, fields, plan, presets, files. */
export const recipe = {};
