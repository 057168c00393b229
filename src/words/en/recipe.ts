/** The recipe: questions, fields, plan, presets, files. */
export const recipe = {
  plan: {
    answers: (size: string) =>
      `${size} of the total are for answers to held-out rows, beside the memory that a step leaves them; with Rows answered at 0 they are not needed.`,
  },
};
