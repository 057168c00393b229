/** What this browser keeps. */
export const storage = {
  title: "Storage",
  used: (used: string, quota: string) => `${used} used of the ${quota} that this browser allows.`,
  keeps: "What this browser keeps",
  why: "So that nothing is fetched or worked out twice, and a run outlives its tab. It is only here, on this computer.",
  looking: "Looking at what is kept.",
  table: "Stored",
  columns: { what: "What", size: "Size", remove: "Delete" },
  kinds: { model: "Model", data: "Data", ranges: "Data set", run: "Run", votes: "Votes", answers: "Answers" },
  remove: (label: string) => `Delete ${label}`,
  sure: (label: string, size: string) => `Delete ${label} (${size}) from this browser?`,
  busy: "Something is being deleted.",
  loading: "A model is being loaded: wait for it, or stop it.",
  nothing: "Nothing yet. Models, data and runs will be listed here, each with its size, and each can be deleted.",
  mayGo:
    "When the disk gets full, a browser may clear what pages keep, without asking: models would be fetched again, but runs and adapters would be lost.",
  persist: "Keep my data",
};
