/** What frames the places: header, foot of the rail, footer. */
export const shell = {
  lead: "Fine-tune a vision-language model in this tab, on your own GPU. Nothing is uploaded.",
  skip: "Skip to the model",
  softwareGpu: "Software GPU (slow)",
  gpu: (name: string) => `GPU: ${name}`,
  storage: "What this browser keeps",
  measure: "Measure this machine",
  colours: "Colours",
  themes: { auto: "Auto", light: "Light", dark: "Dark" },
  language: "Language",
  languageOfBrowser: "Auto",
  footer:
    "Nothing is uploaded: model, data and runs stay in this browser. Numbers follow Hugging Face transformers, PEFT and bitsandbytes.",
};
