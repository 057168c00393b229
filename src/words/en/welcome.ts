/** The first minute. */
import { pictures, steps } from "./count.ts";

export const welcome = {
  title: "Teach a model to see your pictures your way",
  what: "Give it pictures with the words that you want to hear. It learns from them here, in this tab, on your own computer. At the end you can ask it about new pictures, and take home what it has learned. Nothing is installed, and your pictures never leave this computer.",
  demo: "Try the demo",
  pictures: "Use my pictures",
  demoTakes: "The demo takes a minute or two: a tiny model learns to describe 128 pictures as a ship's lookout would.",
  demoGoes: "The demo is on its way.",
  doing: {
    model: "1 of 3: the demo model is being loaded.",
    data: "2 of 3: the sample pictures are being read.",
    train: "3 of 3: it is learning.",
  },
  cannot: "This browser cannot train: see above.",
  looking: "Looking for a GPU.",
  machine: {
    software: (from: string, to: string) =>
      `This page found no graphics card that it can use, so the processor computes: the demo takes a minute or two, but a single step of SmolVLM-256M, the smallest real model here, would take ${from} to ${to}.`,
    like: (card: string, seconds: string) =>
      `Your graphics card was not measured yet. By its maker's figures one of its kind, the ${card}, should take about ${seconds} for a step of SmolVLM-256M with 8 pictures; "Measure this machine" finds out what yours takes.`,
    card: (from: string, to: string) =>
      `Your graphics card was not measured yet. By the makers' figures a step of SmolVLM-256M with 8 pictures should take from about ${from} (a GeForce RTX 4060) to about ${to} (an Intel Iris Xe); "Measure this machine" finds out what yours takes.`,
    measured: (date: string, what: string, seconds: string) =>
      `Measured here on ${date}: a step of training (${what}) takes ${seconds}.`,
    smolThen: (seconds: string) => `One of SmolVLM-256M with 8 pictures would take about ${seconds}.`,
    what: (model: string, rows: number) => `${model}, ${rows} rows at once`,
  },
  example: {
    title: "The demo, recorded",
    what: (trained: number, unseen: number) =>
      `It learned from ${pictures(trained)}. Here it is asked about ${unseen} others, which it has not seen.`,
    curve: "Curve of the example",
    curveWords: (from: string, to: string, at: number) =>
      `On pictures it has not seen, the loss falls from ${from} to ${to} in ${steps(at)}.`,
    step: (n: number) => `step ${n}`,
    trained: "error on what it learns from",
    unseen: "on pictures it has not seen",
    when: (step: number, right: number, of: number) =>
      `${step === 0 ? "Before it learned" : `After step ${step}`}: ${right} of ${of} right`,
    slider: "Step of the example",
    stop: "Stop replay",
    again: "Play again",
    answers: "Answers of the example",
    picture: (right: string) => `Sample picture: ${right}`,
    right: "right",
    wanted: (right: string) => `Wanted: ${right}`,
  },
  gate: {
    https:
      "Open it by https, or on the machine that serves it as http://localhost: browsers give WebGPU to no other address.",
    phone: "Open this page on a computer: a phone has too little memory to train.",
    firefox: "Open this page in Chrome or Edge; Firefox has no complete WebGPU yet.",
    safari: "Update to Safari 26, or open this page in Chrome.",
    linux: "Update Chrome to 144 or newer, and switch on chrome://flags/#enable-unsafe-webgpu if your GPU is older.",
    chrome: "Update Chrome, and switch on hardware acceleration in its system settings.",
    needs: "Training needs WebGPU; everything below explains itself but cannot run here.",
    elsewhere:
      "What it does elsewhere: load a SmolVLM or LLaVA model, drop in pictures and texts, train an adapter, chat with the result, and download a file that loads in PEFT. The recording below shows it.",
    elsewhereLater:
      "What it does elsewhere: load a SmolVLM or LLaVA model, drop in pictures and texts, train an adapter, chat with the result, and download a file that loads in PEFT.",
  },
};
