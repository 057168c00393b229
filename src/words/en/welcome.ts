/** The first minute. */
export const welcome = {
  title: "Teach a model to see your pictures your way",
  what: "Give it pictures with the words that you want to hear. It learns from them here, in this tab, on your own GPU. At the end you have a small file, an adapter, that works wherever Hugging Face models do. Nothing is installed, and your pictures never leave this computer.",
  demo: "Try the demo",
  pictures: "Use my pictures",
  demoTakes: "The demo takes a minute or two: a tiny model learns to describe 128 pictures as a ship's lookout would.",
  demoGoes: "The demo is on its way.",
  cannot: "This browser cannot train: see above.",
  looking: "Looking for a GPU.",
};
