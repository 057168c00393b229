/** What the tab says while somebody looks elsewhere: its title, a notice at the end, and the list of what was told. */
export const tab = {
  done: "✓ Done – TabTune",
  failed: "! Failed – TabTune",
  tell: "Tell me when it is done",
  refused: "This browser does not allow notices from this page: allow them in the browser's settings for it.",
  unknown: "This browser has no notices.",
  notice: {
    done: "TabTune: the run is done",
    stopped: "TabTune: the run was stopped",
    failed: "TabTune: the run failed",
  },
  steps: (step: number, of: number) => `Step ${step} of ${of}.`,
  told: (n: number) => `Problems told in this visit (${n})`,
  places: {
    page: "Page",
    model: "Model",
    data: "Data",
    training: "Training",
    runs: "Runs",
    chat: "Chat",
    apply: "Apply",
    storage: "Storage",
  },
  copy: "Copy them",
  copied: "Copied.",
  noCopy: "This browser did not let the page copy: select the text instead.",
};
