/** What frames the places: header, foot of the rail, footer. */
export const shell = {
  lead: "Fine-tune a vision-language model in this tab, on your own GPU. Nothing is uploaded.",
  skip: "Skip to the model",
  softwareGpu: "Software GPU (slow)",
  gpu: (name: string) => `GPU: ${name}`,
  storage: "What this browser keeps",
  measure: "Measure this machine",
  thisBrowser: "This browser",
  colours: "Colours",
  themes: { auto: "Auto", light: "Light", dark: "Dark" },
  language: "Language",
  languageOfBrowser: "Auto",
  footer:
    "Nothing is uploaded: model, data and runs stay in this browser. Numbers follow Hugging Face transformers, PEFT and bitsandbytes.",
  drop: {
    chat: "Ask about this picture",
    apply: "Have these rows answered",
    page: "Train on this, or add a model folder or an adapter",
    elsewhere: "To ask about a picture, let it go over the chat; to have rows answered, over Apply",
  },
  version: {
    newer: "A new version is here.",
    now: "Models, data and runs stay; the model is loaded again.",
    later: "Reload when your work is done.",
    reload: "Reload",
    reloadIt: "Reload in the new version",
    works: {
      run: "A run goes on: stop it, or wait for its end.",
      answers: "Answers are being written: wait for the last one.",
      loading: "A model is being loaded.",
      reading: "Data is being read.",
      "other tab": "A run or a job goes on in another tab of this browser.",
    },
    kept: (size: string) => `The page itself is kept too (${size}): it opens without a network.`,
    notYet: "The page itself is not kept yet: it needs the network to open.",
    neverKept: "This browser keeps no copy of the page itself at this address: it needs the network to open.",
  },
};
