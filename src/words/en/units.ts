/** Units that are no letters of the SI. */
export const units = { thousand: "k", million: "M", billion: "B" };
