import { expect, test } from "vitest";
import type { Conversation } from "./conversation.ts";
import { RowProblem } from "./problem.ts";
import { type RecordOptions, recordToConversations } from "./record.ts";

const user = (content: unknown) => ({ role: "user", content });
const assistant = (content: unknown) => ({ role: "assistant", content });
const image = { type: "image", index: 0, text: null };
const text = (words: string) => ({ type: "text", index: null, text: words });

/** Compact: "u:[0]\nQ|a:A" with the number of the picture in brackets. */
function compact(record: unknown, options?: RecordOptions): string {
  const [{ messages, pictures }] = recordToConversations(record, options).conversations as [Conversation];
  let next = 0;
  return messages
    .map(
      ({ role, content }) =>
        `${role[0]}:${content.map((part) => (part.type === "image" ? `[${pictures[next++]}]` : part.text)).join("")}`,
    )
    .join("|");
}

test.each<[string, unknown, string, RecordOptions?]>([
  [
    "vsft: image item first",
    { messages: [user([image, text("\nQ")]), assistant([text("A")])], images: ["a.jpg"] },
    "u:[a.jpg]\nQ|a:A",
  ],
  [
    "vsft: image item last",
    { messages: [user([text("Q\n"), image]), assistant([text("A")])], images: ["a.jpg"] },
    "u:Q\n[a.jpg]|a:A",
  ],
  [
    "index is not followed: pictures come in order",
    { messages: [user([{ ...image, index: 1 }, image]), assistant("A")], images: ["a", "b"] },
    "u:[a][b]|a:A",
  ],
  [
    "inline picture",
    { messages: [user([{ type: "image", image: "a.jpg" }, text("?")]), assistant("cat")] },
    "u:[a.jpg]?|a:cat",
  ],
  [
    "inline picture listed again",
    { messages: [user([{ type: "image", image: "a.jpg" }, text("?")]), assistant("cat")], images: ["a.jpg"] },
    "u:[a.jpg]?|a:cat",
  ],
  [
    "inline picture as struct",
    { messages: [user([{ type: "image", image: { path: "a.jpg", bytes: null } }, text("?")]), assistant("cat")] },
    "u:[a.jpg]?|a:cat",
  ],
  [
    "OpenAI image_url",
    { messages: [user([text("?"), { type: "image_url", image_url: { url: "a.jpg" } }]), assistant("cat")] },
    "u:?[a.jpg]|a:cat",
  ],
  [
    "string content with marker",
    { messages: [user("Who <image>?"), assistant("me")], images: ["a.jpg"] },
    "u:Who [a.jpg]?|a:me",
  ],
  [
    "marker inside a text item",
    { messages: [user([text("<image>\nQ")]), assistant("A")], images: ["a.jpg"] },
    "u:[a.jpg]\nQ|a:A",
  ],
  [
    "no marker: picture first",
    { messages: [user("Q"), assistant("A")], images: ["a.jpg", "b.jpg"] },
    "u:[a.jpg][b.jpg]Q|a:A",
  ],
  [
    "no marker: first user turn, behind the system turn",
    { messages: [{ role: "system", content: "S" }, user("Q"), assistant("A")], images: ["a.jpg"] },
    "s:S|u:[a.jpg]Q|a:A",
  ],
  [
    "markers in two turns",
    { messages: [user("<image>1"), assistant("A"), user("2<image>"), assistant("B")], images: ["a", "b"] },
    "u:[a]1|a:A|u:2[b]|a:B",
  ],
  [
    "white space is kept",
    { messages: [user("  <image> \n Q "), assistant(" A\n")], images: ["a"] },
    "u:  [a] \n Q |a: A\n",
  ],
  [
    "LLaVA",
    {
      id: "1",
      image: "d/a.jpg",
      conversations: [
        { from: "human", value: "<image>\nQ" },
        { from: "gpt", value: "A" },
      ],
    },
    "u:[d/a.jpg]\nQ|a:A",
  ],
  [
    "LLaVA, marker last",
    {
      image: "a.jpg",
      conversations: [
        { from: "human", value: "Q\n<image>" },
        { from: "gpt", value: "A" },
      ],
    },
    "u:Q\n[a.jpg]|a:A",
  ],
  [
    "LLaVA, several pictures",
    {
      image: ["a", "b"],
      conversations: [
        { from: "human", value: "<image><image>Q" },
        { from: "gpt", value: "A" },
      ],
    },
    "u:[a][b]Q|a:A",
  ],
  [
    "LLaVA, text only",
    {
      conversations: [
        { from: "human", value: "Q" },
        { from: "gpt", value: "A" },
      ],
    },
    "u:Q|a:A",
  ],
  [
    "LLaVA, system turn",
    {
      conversations: [
        { from: "system", value: "S" },
        { from: "human", value: "Q" },
        { from: "gpt", value: "A" },
      ],
    },
    "s:S|u:Q|a:A",
  ],
  ["ends with a question", { messages: [user("Q"), assistant("A"), user("R")] }, "u:Q|a:A|u:R"],
  [
    "one of two answers is empty",
    { messages: [user("Q"), assistant(null), user("R"), assistant("B")] },
    "u:Q|a:|u:R|a:B",
  ],
  [
    "prompt and completion lists",
    { prompt: [user("<image>Q")], completion: [assistant("A")], images: ["a"] },
    "u:[a]Q|a:A",
  ],
  [
    "messages as JSON in a cell",
    { messages: '[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]', images: '["a"]' },
    "u:[a]Q|a:A",
  ],
  ["caption", { file_name: "1.jpg", text: "a cat" }, "u:[1.jpg]Describe the image.|a:a cat"],
  [
    "caption with an instruction",
    { image: "1.jpg", caption: "a cat" },
    "u:[1.jpg]\nWhat?|a:a cat",
    { instruction: "<image>\nWhat?" },
  ],
  ["question and answer", { image_path: "1.jpg", question: "Q", answer: "A" }, "u:[1.jpg]Q|a:A"],
  ["prompt and response", { file_name: "1.jpg", prompt: "<image>Q", response: "A" }, "u:[1.jpg]Q|a:A"],
  ["query and text", { image: "1.jpg", query: "Q", text: "A" }, "u:[1.jpg]Q|a:A"],
  ["question and answer, no picture", { question: "Q", answer: "A", image: "" }, "u:Q|a:A"],
  ["numbers are texts", { question: "How many?", answer: 2, image: null }, "u:How many?|a:2"],
  ["system column", { system: "S", question: "Q", answer: "A" }, "s:S|u:Q|a:A"],
  [
    "mapping overrides",
    { frage: "Q", antwort: "A", bild: "b.jpg", image: "wrong.jpg", text: "wrong" },
    "u:[b.jpg]Q|a:A",
    { mapping: { question: "frage", answer: "antwort", images: "bild" } },
  ],
  [
    "mapping of the conversation",
    { chat: [user("Q"), assistant("A")], messages: [] },
    "u:Q|a:A",
    { mapping: { messages: "chat" } },
  ],
  [
    "mapping of a caption",
    { image: "a", label: "cat", text: "wrong" },
    "u:[a]Describe the image.|a:cat",
    { mapping: { answer: "label" } },
  ],
  [
    "mapped columns beat messages",
    { q: "Q", a: "A", messages: [user("x"), assistant("y")] },
    "u:Q|a:A",
    { mapping: { question: "q", answer: "a" } },
  ],
])("%s", (_, record, expected, options) => {
  expect(compact(record, options)).toBe(expected);
});

test.each<[string, unknown, string, RecordOptions?]>([
  ["not an object", ["a"], "bad-row"],
  ["nothing known", { url: "x", tags: [] }, "bad-row"],
  ["messages are no list", { messages: "hello" }, "bad-row"],
  ["a turn is no object", { messages: ["hello", "world"] }, "bad-row"],
  ["an unknown item", { messages: [user([{ type: "video" }]), assistant("A")] }, "bad-row"],
  ["a picture in an answer", { messages: [user("Q"), assistant("<image>")], images: ["a"] }, "empty-text"],
  ["a picture beside an answer", { messages: [user("Q"), assistant("A <image>")], images: ["a"] }, "bad-row"],
  ["unknown role", { messages: [user("Q"), { role: "tool", content: "x" }] }, "bad-roles"],
  ["no turns", { messages: [{ role: "system", content: "S" }] }, "bad-roles"],
  [
    "assistant first",
    {
      conversations: [
        { from: "gpt", value: "A" },
        { from: "human", value: "Q" },
      ],
    },
    "bad-roles",
  ],
  ["system in the middle", { messages: [user("Q"), { role: "system", content: "S" }, assistant("A")] }, "bad-roles"],
  ["no answer at all", { messages: [user("Q")] }, "empty-text"],
  ["blank answer", { question: "Q", answer: " \n" }, "empty-text"],
  ["blank caption", { file_name: "a.jpg", text: "" }, "empty-text"],
  ["blank question", { question: " ", answer: "A" }, "empty-text"],
  ["question without answer", { question: "Q", image: "a" }, "missing-text"],
  ["caption without picture", { text: "a cat" }, "missing-picture"],
  [
    "a hole in the list of pictures",
    { messages: [user("<image><image>"), assistant("A")], images: ["a", null] },
    "missing-picture",
  ],
  [
    "more markers than pictures",
    { messages: [user("<image><image>Q"), assistant("A")], images: ["a"] },
    "picture-count",
  ],
  [
    "fewer markers than pictures",
    { messages: [user("<image>Q"), assistant("A")], images: ["a", "b"] },
    "picture-count",
  ],
  ["a marker and no picture", { messages: [user("<image>Q"), assistant("A")] }, "picture-count"],
  [
    "inline and listed pictures differ in number",
    { messages: [user([{ type: "image", image: "a" }]), assistant("A")], images: ["a", "b"] },
    "picture-count",
  ],
  ["mapped column is not there", { text: "A", image: "a" }, "bad-row", { mapping: { question: "q" } }],
  ["names from Object.prototype are no columns", { image: "a" }, "bad-row", { mapping: { answer: "toString" } }],
])("skips: %s", (_, record, reason, options) => {
  const attempt = () => recordToConversations(record, options);
  expect(attempt).toThrow(RowProblem);
  expect(attempt).toThrow(expect.objectContaining({ reason }));
});

test("a label that is no text is not called a number", () => {
  const record = { image: "a.jpg", label: [{ x: 10, y: 25, width: 30, height: 50, rectanglelabels: ["dog"] }] };
  expect(() => recordToConversations(record)).toThrow(/^The row has only "label", and that is a list or an object/);
  expect(() => recordToConversations({ ...record, label: 3 })).toThrow(/holds no class name/);
});

test("a __proto__ key is data and changes nothing", () => {
  const record: unknown = JSON.parse('{"__proto__": {"messages": []}, "question": "Q", "answer": "A"}');
  expect(compact(record)).toBe("u:Q|a:A");
  expect("messages" in {}).toBe(false);
});

test.each<[string, object]>([
  ["question and answer", { bild: "a.jpg", question: "Q", answer: "A" }],
  ["a conversation", { bilder: ["a.jpg", "b/c.PNG"], messages: [user("Q"), assistant("A")] }],
  [
    "bytes of a Parquet file",
    { foto: { path: "x", size: 3, bytes: async () => new Uint8Array(3) }, question: "Q", answer: "A" },
  ],
])("a picture in a column of an unknown name is not trained past: %s", (_, record) => {
  const column = Object.keys(record)[0]!;
  expect(() => recordToConversations(record)).toThrow(
    expect.objectContaining({ reason: "missing-picture", message: expect.stringContaining(`its column "${column}"`) }),
  );
});

test("a text that ends like a picture's name is a text", () => {
  const record = { question: "What is in a.jpg", answer: "b.png", id: "7", tags: [] };
  expect(compact(record)).toBe("u:What is in a.jpg|a:b.png");
});

test.each<[string, object, string]>([
  ["one of a list", { frames: ["a.png", 3] }, 'its column "frames" looks like one'],
  ["an address with a query", { web_photo: "https://x.org/a.jpg?w=3" }, 'its column "web_photo" looks like one'],
  ["a video", { videos: ["clips/a.mp4"] }, 'column "videos" names a video, and only pictures are read'],
  ["a sound", { audio: "clips/a.wav" }, 'column "audio" names a sound file, and only pictures are read'],
  ["a tag in the text", { question: "1: <img>a/b.jpeg</img> What?" }, "writes its picture as <img>a/b.jpeg</img>"],
  ["spaces in the tag", { question: "1: <img> a/b.jpeg </img> What?" }, "writes its picture as <img>a/b.jpeg</img>"],
])("a picture that no known column names is not trained past: %s", (_, more, words) => {
  const record = { question: "Q", answer: "A", ...more };
  expect(() => recordToConversations(record)).toThrow(
    expect.objectContaining({ reason: "missing-picture", message: expect.stringContaining(words) }),
  );
});

test.each<[string, object, RecordOptions?]>([
  ["a portrait on the web", { author_avatar: "https://x.org/logo.png" }],
  ["a text that ends in a name", { note: "seen\nin a.jpg" }],
  ["an empty column that the user picked", { photo: "", thumbnail: "a.jpg" }, { mapping: { images: "photo" } }],
])("text alone stays text: %s", (_, more, options) => {
  expect(compact({ question: "Q", answer: "A", ...more }, options)).toBe("u:Q|a:A");
});
