import { expect, test } from "vitest";
import { parseLoosely } from "./loose-json.ts";
import { type RecordOptions, recordToConversations } from "./record.ts";

const dot = [
  { from: "human", value: "<image>\nQ" },
  { from: "gpt", value: "A" },
];
const image = "a.jpg";

/** Each conversation as "u:[a.jpg]Q|a:A", or "reason: message" of the refusal; then the remarks. */
function understood(record: unknown, options?: RecordOptions): { rows: string[]; remarks: string } {
  const { conversations, remarks } = recordToConversations(record, options);
  const rows = conversations.map(({ messages, pictures }) => {
    const rest = pictures.values();
    const words = messages.map(
      ({ role, content }) =>
        `${role[0]}:${content.map((part) => (part.type === "image" ? `[${rest.next().value}]` : part.text)).join("")}`,
    );
    return words.join("|");
  });
  return { rows, remarks: remarks.join("; ") };
}

const caption = (text: string) => `u:[a.jpg]Describe the image.|a:${text}`;
const asked = "u:[a.jpg]Q|a:A";

test.each<[string, object, string[], RegExp, RecordOptions?]>([
  // names
  ["capitals", { Image: image, Caption: "A" }, [caption("A")], /^$/],
  ["spaces and camels", { "Image Path": image, Question: "Q", ANSWER: "A" }, [asked], /^$/],
  ["alpaca", { instruction: "<image>Q", input: "", output: "A", images: [image] }, [asked], /^$/],
  [
    "alpaca with input",
    { instruction: "Q", input: "more", output: "A", image },
    ["u:[a.jpg]Q\nmore|a:A"],
    /"input" is joined to "instruction"/,
  ],
  ["input and output", { input: "Q", output: "A", image }, [asked], /^$/],
  ["PaliGemma", { image, prefix: "Q", suffix: '{"a":1}' }, ['u:[a.jpg]Q|a:{"a":1}'], /^$/],
  [
    "donut",
    { file_name: image, ground_truth: '{"gt_parse":{"a":1}}' },
    [caption('{"gt_parse":{"a":1}}')],
    /"ground_truth" is the answer to/,
  ],
  ["one conversation", { image, conversation: dot }, ["u:[a.jpg]\nQ|a:A"], /^$/],
  ["a slip", { image, conversatons: dot }, ["u:[a.jpg]\nQ|a:A"], /"conversatons" is taken for conversations/],
  ["slips in two names", { image, qestion: "Q", anwser: "A" }, [asked], /"qestion".*"anwser"/],
  [
    "preferences",
    { image, question: "Q", chosen: "A", rejected: "B" },
    [asked],
    /"rejected" is left aside: of preferences the chosen answer is read/,
  ],
  [
    "preferences as turns",
    {
      images: [image],
      prompt: "Q",
      chosen: [
        { role: "user", content: "Q" },
        { role: "assistant", content: "A" },
      ],
    },
    [asked],
    /^$/,
  ],
  [
    "The Cauldron",
    {
      images: [image],
      texts: [
        { user: "Q", assistant: "A", source: "s" },
        { user: "R", assistant: "B" },
      ],
    },
    ["u:[a.jpg]Q|a:A|u:R|a:B"],
    /^$/,
  ],
  ["struct of lists", { image, conversations: { from: ["human", "gpt"], value: ["Q", "A"] } }, [asked], /^$/],
  [
    "Python's repr in a cell",
    { image, conversations: "[{'from': 'human', 'value': 'Q'}, {'from': 'gpt', 'value': \"A's\"}]" },
    ["u:[a.jpg]Q|a:A's"],
    /^$/,
  ],
  [
    "a mapped class",
    { image, label: 3 },
    ["u:[a.jpg]Which?|a:3"],
    /^$/,
    { mapping: { label: "label" }, instruction: "Which?" },
  ],
  ["a class", { image, label: "cat" }, ["u:[a.jpg]What is this?|a:cat"], /the class in "label" is the answer/],
  // answers
  ["a text beside the answers", { image, question: "Q", answers: ["A"], text: "OCR" }, [asked], /^$/],
  ["a caption beside a numbered answer", { image, question: "Q", answer_1: "A", caption: "C" }, [asked], /^$/],
  ["only a text beside a question", { image, question: "Q", text: "A" }, [asked], /"text" is taken for the answer/],
  [
    "another answer beside it",
    { image, question: "Q", answer: "A", output: "B", response: "A", target: "" },
    [asked],
    /^"answer" is the answer, and "output" beside it is not used$/,
  ],
  ["a number with a fraction", { image, question: "Q", answer: 0.25 }, ["u:[a.jpg]Q|a:0.25"], /^$/],
  ["a number of single precision", { image, question: "Q", answer: Math.fround(0.1) }, ["u:[a.jpg]Q|a:0.1"], /^$/],
  ["a boolean", { image, question: "Q", answer: false }, ["u:[a.jpg]Q|a:false"], /is true or false/],
  ["an object", { image, question: "Q", answer: { a: [1] } }, ['u:[a.jpg]Q|a:{"a":[1]}'], /its JSON text/],
  ["a list of numbers", { image, question: "Q", answer: [1, 2] }, ["u:[a.jpg]Q|a:[1,2]"], /its JSON text/],
  ["the text of a list stays", { image, question: "Q", answer: '["a"]' }, ['u:[a.jpg]Q|a:["a"]'], /^$/],
  ["ten answers", { image, question: "Q", answers: ["b", "A", "A"] }, [asked], /several answers.*most frequent/],
  ["answers that differ", { image, question: "Q", answers: ["A", "b"] }, [asked], /first one is trained on/],
  ["answers without words", { image, question: "Q", answers: ["", "A", ""] }, [asked], /^$/],
  [
    "each of several answers",
    { image, question: "Q", answers: ["A", "b", "A"] },
    [asked, "u:[a.jpg]Q|a:b", asked],
    /^each of the several answers in "answers" is a row of its own$/,
    { severalAnswers: "each" },
  ],
  [
    "the first of several answers",
    { image, question: "Q", history: [["R", "C"]], answers: ["A", "b", "b"] },
    ["u:[a.jpg]R|a:C|u:Q|a:A"],
    /"answers" has several answers to a question; the first one is trained on, and each counts as right/,
    { severalAnswers: "first" },
  ],
  [
    "answers of VQA",
    {
      image,
      question: "Q",
      answers: [
        { answer: "A", answer_id: 1 },
        { answer: "A", answer_id: 2 },
      ],
    },
    [asked],
    /^$/,
  ],
  ["answers of SQuAD", { image, question: "Q", answers: { text: ["A"], answer_start: [3] } }, [asked], /^$/],
  [
    "lists of questions and answers",
    { image, questions: ["Q", "R"], answers: ["A", "B"] },
    ["u:[a.jpg]Q|a:A|u:R|a:B"],
    /turns of one conversation/,
  ],
  // captions
  [
    "a list of captions",
    { image, caption: ["A", "B"] },
    [caption("A"), caption("B")],
    /each of the several captions in "caption"/,
  ],
  ["a list of one", { image, text: ["A"] }, [caption("A")], /^$/],
  [
    "sentences of Karpathy's splits",
    {
      image,
      sentences: [
        { raw: "A", tokens: [] },
        { raw: "B", tokens: [] },
      ],
    },
    [caption("A"), caption("B")],
    /several/,
  ],
  [
    "numbered captions",
    { image, caption_1: "B", caption_0: "A", caption_2: "" },
    [caption("A"), caption("B")],
    /caption_0 … caption_1/,
  ],
  [
    "the first of several captions",
    { image, caption: ["A", "B", "B"] },
    [caption("A")],
    /"caption" has several captions of a picture; the first one is trained on, and each counts as right/,
    { severalAnswers: "first" },
  ],
  [
    "the most frequent of several captions",
    { image, caption_0: "B", caption_1: "A", caption_2: "A" },
    [caption("A")],
    /several captions of a picture; the most frequent one is trained on/,
    { severalAnswers: "most-frequent" },
  ],
  ["captions as JSON in a cell", { image, captions: '["A", "B"]' }, [caption("A"), caption("B")], /several/],
  [
    "text and caption",
    { image, text: "A", caption: "B" },
    [caption("A")],
    /"text" is the caption, and "caption" beside it is not used/,
  ],
  ["text and the same caption", { image, text: "A", caption: "A" }, [caption("A")], /^$/],
  // earlier turns
  ["history", { image, query: "<image>Q", response: "A", history: [["H", "I"]] }, ["u:H|a:I|u:[a.jpg]Q|a:A"], /^$/],
  [
    "history of turns",
    {
      image,
      query: "Q",
      response: "A",
      history: [
        { role: "user", content: "H" },
        { role: "assistant", content: "I" },
      ],
    },
    ["u:[a.jpg]H|a:I|u:Q|a:A"],
    /^$/,
  ],
  ["history as a cell", { image, query: "Q", response: "A", history: "[]" }, [asked], /^$/],
  // multiple choice
  [
    "an index",
    { image, question: "Q", choices: ["x", "y"], answer: 1 },
    ["u:[a.jpg]Q\nA. x\nB. y|a:B. y"],
    /options in "choices" are written under the question; "answer" is an index counted from 0/,
  ],
  [
    "an index as text",
    { image, question: "Q", options: '["x", "y"]', answer: "0" },
    ["u:[a.jpg]Q\nA. x\nB. y|a:A. x"],
    /index/,
  ],
  [
    "a letter",
    { image, question: "Q", choices: ["x", "y"], answer: "(b)" },
    ["u:[a.jpg]Q\nA. x\nB. y|a:(b)"],
    /under the question$/,
  ],
  [
    "an option's text",
    { image, question: "Q", choices: ["x", "y"], answer: "Y" },
    ["u:[a.jpg]Q\nA. x\nB. y|a:Y"],
    /under the question$/,
  ],
  [
    "columns of options",
    { image, question: "Q", A: "x", B: "y", C: "", answer: "A" },
    ["u:[a.jpg]Q\nA. x\nB. y|a:A"],
    /"A, B"/,
  ],
  [
    "options by label",
    { image, question: "Q", choices: { label: ["1", "2"], text: ["x", "y"] }, answerKey: "1" },
    ["u:[a.jpg]Q\nA. x\nB. y|a:A. x"],
    /under/,
  ],
  [
    "the right one beside free answers",
    { image, question: "Q", choices: ["x", "y"], correct_choice_idx: 1, direct_answers: ["u", "v"] },
    ["u:[a.jpg]Q\nA. x\nB. y|a:B. y"],
    /index/,
  ],
  [
    "options in the question already",
    { image, question: "Q\n(A) x (B) y", choices: ["x", "y"], answer: "B" },
    ["u:[a.jpg]Q\n(A) x (B) y|a:B"],
    /already/,
  ],
  ["no options in this row", { image, question: "Q", choices: [], answer: "2" }, ["u:[a.jpg]Q|a:2"], /^$/],
  // contents
  [
    "content as JSON text",
    {
      image,
      messages: [
        { role: "user", content: '[{"type":"image"},{"type":"text","text":"Q"}]' },
        { role: "assistant", content: '[{"type":"text","text":"A"}]' },
      ],
    },
    [asked],
    /^$/,
  ],
  [
    "an answer that is JSON stays",
    {
      image,
      messages: [
        { role: "user", content: "Q" },
        { role: "assistant", content: '[{"type":"cat"}]' },
      ],
    },
    ['u:[a.jpg]Q|a:[{"type":"cat"}]'],
    /^$/,
  ],
  [
    "content as one object",
    {
      image,
      messages: [
        { role: "user", content: { type: "text", text: "Q" } },
        { role: "assistant", content: "A" },
      ],
    },
    [asked],
    /^$/,
  ],
  [
    "items of OpenAI's responses",
    {
      messages: [
        {
          role: "user",
          content: [
            { type: "input_image", image_url: image },
            { type: "input_text", text: "Q" },
          ],
        },
        { role: "assistant", content: [{ type: "output_text", text: "A" }] },
      ],
    },
    [asked],
    /^$/,
  ],
  // roles
  ["roles as names", { image, conversations: [{ human: "<image>Q" }, { gpt: "A" }] }, [asked], /^$/],
  ["a class beside a caption", { image, text: "A", label: 1 }, [caption("A")], /"label" beside it is not used/],
  [
    "other names of roles",
    {
      image,
      conversations: [
        { from: "User", value: "Q" },
        { from: "bot", value: "A" },
      ],
    },
    [asked],
    /^$/,
  ],
  [
    "the assistant first",
    {
      image,
      conversations: [
        { from: "gpt", value: "Hi" },
        { from: "human", value: "Q" },
        { from: "gpt", value: "A" },
      ],
    },
    [asked],
    /starts with the assistant/,
  ],
  [
    "two of one side",
    {
      image,
      conversations: [
        { from: "human", value: "Q" },
        { from: "human", value: "R" },
        { from: "gpt", value: "A" },
      ],
    },
    ["u:[a.jpg]Q\nR|a:A"],
    /joined by a line end/,
  ],
])("%s", (_, record, rows, remarks, options) => {
  const seen = understood(record, options);
  expect(seen.rows).toEqual(rows);
  expect(seen.remarks).toMatch(remarks);
});

test.each<[string, object, RegExp, RecordOptions?]>([
  ["an empty answer beside a text", { image, question: "Q", answer: null, text: "OCR" }, /question and no answer/],
  [
    "a text and something unknown",
    { image, question: "Q", gold: "A", text: "OCR" },
    /"text" may as well be about the picture \(other columns: gold\)/,
  ],
  ["an answer without its question", { image, question: null, answer: "A" }, /answer in "answer" and no question/],
  ["a number without a question", { image, target: 3 }, /answer in "target" and no question/],
  ["a class number", { image, label: 3 }, /"label".* no class name/],
  [
    "an index beyond the options",
    { image, question: "Q", choices: ["x", "y"], answer: 2 },
    /"2" is none of the 2 options in "choices" \(as an index it must be 0 to 1\)/,
  ],
  [
    "an option or a number",
    { image, question: "Q", choices: ["1", "2"], answer: "1" },
    /"1" may be an option of "choices" or the number/,
  ],
  ["choices without an answer", { image, question: "Q", choices: ["x", "y"] }, /options in "choices" and no answer/],
  ["a history of texts", { image, query: "Q", response: "A", history: ["H", "I"] }, /earlier turns in "history"/],
  [
    "tools",
    {
      image,
      conversations: [
        ...dot.slice(0, 1),
        { from: "function_call", value: "f" },
        { from: "observation", value: "7" },
        { from: "gpt", value: "A" },
      ],
    },
    /"function_call": conversations with turns of tools/,
  ],
  ["a picture as input", { input: "a.jpg", output: "A" }, /column "input" looks like one/],
  ["Python's repr with arrays", { image, conversations: "[array({'from': 'human'})]" }, /json\.dumps/],
  ["captions without end", { image, captions: Array(101).fill("A") }, /101 captions; at most 100/],
  [
    "answers without end",
    { image, question: "Q", answers: Array(101).fill("A") },
    /101 answers; at most 100/,
    { severalAnswers: "each" },
  ],
  [
    "more questions than answers",
    { image, questions: ["Q", "R"], answers: ["A"] },
    /2 questions and not as many answers/,
  ],
])("refuses: %s", (_, record, words, options) => {
  expect(() => understood(record, options)).toThrow(words);
});

const turn = (value: string, images: unknown = image) => ({
  images,
  conversations: [
    { from: "human", value },
    { from: "gpt", value: "A" },
  ],
});

test.each<[string, object, string, RegExp]>([
  ["Phi", turn("<|image_1|>\nQ"), "u:[a.jpg]\nQ|a:A", /<\|image_1\|> is the place/],
  ["Qwen", turn("Q <|vision_start|><|image_pad|><|image_pad|><|vision_end|>"), "u:Q [a.jpg]|a:A", /is the place/],
  ["numbers in turn", turn("<image1> and <image2>", ["a", "b"]), "u:[a] and [b]|a:A", /<image1>/],
  ["numbers from 0, out of turn", turn("<image_1> before <image_0>", ["a", "b"]), "u:[b] before [a]|a:A", /<image_1>/],
  ["capitals", turn("<IMAGE>Q"), "u:[a.jpg]Q|a:A", /<IMAGE>/],
  ["brackets", turn("[IMG]Q"), "u:[a.jpg]Q|a:A", /\[IMG\]/],
  ["Markdown", turn("![pic](a.jpg)Q"), "u:[a.jpg]Q|a:A", /pic/],
  ["tags around our marker", turn("<im_start><image><im_end>Q"), "u:[a.jpg]Q|a:A", /tags of another model/],
  ["Qwen-VL's empty tags", turn("1: <img></img> Q"), "u:1: [a.jpg] Q|a:A", /<img><\/img> is the place/],
  ["Gemma", turn("<start_of_image>Q"), "u:[a.jpg]Q|a:A", /start_of_image/],
  [
    "a tag of HTML beside our marker",
    turn("<image>What does <img> do?"),
    "u:[a.jpg]What does <img> do?|a:A",
    /<img> in a text is left as text/,
  ],
  ["HTML without pictures", turn("What does <img> do?", []), "u:What does <img> do?|a:A", /^$/],
])("a placeholder is a place: %s", (_, record, row, remarks) => {
  const seen = understood(record);
  expect(seen.rows).toEqual([row]);
  expect(seen.remarks).toMatch(remarks);
});

test.each<[string, object, RegExp]>([
  [
    "more places than pictures",
    turn("<|image_1|><|image_2|>"),
    /2 placeholders of another model \(<\|image_1\|> and <\|image_2\|>\) and the row names 1 picture/,
  ],
  ["no picture at all", turn("<|image_pad|>Q", []), /1 placeholder of another model \(<\|image_pad\|>\)/],
  ["numbers that skip one", turn("<image1><image3>", ["a", "b"]), /placeholders/],
  ["beside our marker", turn("<image><image2>"), /<image2>/],
])("a placeholder is refused: %s", (_, record, words) => {
  expect(() => understood(record)).toThrow(words);
});

test.each([
  ["in an object", '{"id":12345678901234567890,"p":3.10,"q":{"r":[2.0,"1.0",null]}}'],
  ["in a list", "[1.0,2.50,null]"],
])("numbers of a JSON answer stay numbers, spelt as they were: %s", (_, answer) => {
  const record = parseLoosely(`{"image":"a.jpg","question":"Q","answer":${answer}}`);
  const { rows, remarks } = understood(record);
  expect(rows).toEqual([`u:[a.jpg]Q|a:${answer}`]);
  expect(remarks).toMatch(/its JSON text/);
});

test("a whole number of 64 bits in an answer keeps its digits", () => {
  const answer = { id: 9007199254740993n };
  expect(understood({ image, question: "Q", answer }).rows).toEqual(['u:[a.jpg]Q|a:{"id":9007199254740993}']);
});

const [front, back] = ["a.jpg", "b.jpg"];
const asks = { question: "Q", answer: "A" };
test.each<[string, object, string, RegExp]>([
  ["a name of the field", { img_path: front, ...asks }, "u:[a.jpg]Q|a:A", /^$/],
  ["an address", { image_url: "https://x.org/a.jpg", ...asks }, "u:[https://x.org/a.jpg]Q|a:A", /^$/],
  [
    "numbered, one of them empty",
    { image_2: back, image_10: null, image_1: front, ...asks },
    "u:[a.jpg][b.jpg]Q|a:A",
    /^the pictures in "image_1", "image_2" are shown in this order$/,
  ],
  [
    "numbered behind a plain one",
    { image: front, image2: back, ...asks },
    "u:[a.jpg][b.jpg]Q|a:A",
    /"image", "image2" are shown/,
  ],
  ["the first of them repeated", { image: front, image_1: front, ...asks }, "u:[a.jpg]Q|a:A", /^$/],
  [
    "numbered places of MMMU",
    { image_1: front, image_2: back, question: "<image 2> or <image 1>?", answer: "A" },
    "u:[b.jpg] or [a.jpg]?|a:A",
    /placeholder/,
  ],
  ["an id, where nothing else names one", { image_id: "0054c9", ...asks }, "u:[0054c9]Q|a:A", /^$/],
  ["an id beside a name", { image_id: 7, image: front, ...asks }, "u:[a.jpg]Q|a:A", /^$/],
  ["an id beside an empty name", { image_id: 7, image: "", ...asks }, "u:Q|a:A", /^$/],
  ["a number for a name", { image: 42, ...asks }, "u:[42]Q|a:A", /^$/],
  [
    "under their placeholders, as MiniCPM-V has them",
    {
      image: { "<image_01>": back, "<image_00>": front },
      conversations: [
        { role: "user", content: "<image_01>, <image_00>?" },
        { role: "assistant", content: "A" },
      ],
    },
    "u:[b.jpg], [a.jpg]?|a:A",
    /placeholder/,
  ],
  [
    "in the source of a part, as Anthropic has them",
    {
      messages: [
        {
          role: "user",
          content: [
            { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } },
            { type: "image", source: { type: "url", url: "https://x.org/a.jpg" } },
            { type: "text", text: "Q" },
          ],
        },
        { role: "assistant", content: "A" },
      ],
    },
    "u:[data:image;base64,iVBORw0KGgo=][https://x.org/a.jpg]Q|a:A",
    /^$/,
  ],
  [
    "in the turns, as Ollama has them",
    {
      messages: [
        { role: "user", content: "Q", images: [front] },
        { role: "assistant", content: "A" },
        { role: "user", content: "R <image>?", image: back },
        { role: "assistant", content: "B" },
      ],
    },
    "u:[a.jpg]Q|a:A|u:R [b.jpg]?|a:B",
    /^$/,
  ],
  [
    "a list of an image folder",
    { file_names: [front, back], text: "A" },
    "u:[a.jpg][b.jpg]Describe the image.|a:A",
    /^$/,
  ],
  ["one that is not used", { image: front, after: back, ...asks }, "u:[a.jpg]Q|a:A", /^"after" looks like a picture/],
  ["the same one again", { image: "x/a.jpg", original: "/y/a.jpg", ...asks }, "u:[x/a.jpg]Q|a:A", /^$/],
])("pictures of a row: %s", (_, record, row, remarks) => {
  const found = understood(record);
  expect(found.rows).toEqual([row]);
  expect(found.remarks).toMatch(remarks);
});

test("a second picture inside of a record is told, a name beside one is not", () => {
  const inside = (path: string) => ({ path, size: 3, bytes: async () => new Uint8Array(3) });
  const { remarks } = recordToConversations({ image: inside("0"), mask: inside("1"), name: "a.jpg", ...asks });
  expect(remarks).toEqual([expect.stringMatching(/^"mask" looks like a picture and is not used; a row shows/)]);
});

const talk = [
  { role: "user", content: "Q" },
  { role: "assistant", content: "A" },
];
test.each([
  ["of KTO", { image, messages: talk, label: false }, "label"],
  ["of LLaMA-Factory", { image, messages: talk, kto_tag: false }, "kto_tag"],
  ["of TRL", { image, prompt: "Q", completion: "A", label: false }, "label"],
])("an answer that is marked as a bad one is not trained on: %s", (_, record, name) => {
  const message = `The answer is marked as a bad one ("${name}" is false), and only good ones are trained on.`;
  expect(() => understood(record)).toThrow(message);
  expect(understood(record, { toAnswer: true }).rows).toHaveLength(1);
});

test.each<[string, object, string[], RegExp]>([
  ["a good one of KTO", { image, messages: talk, label: true }, ["u:[a.jpg]Q|a:A"], /^$/],
  ["a class that is false", { image, question: "Q", answer: "A", label: false }, ["u:[a.jpg]Q|a:A"], /^$/],
  [
    "the better turn of LLaMA-Factory",
    { image, conversations: [{ from: "human", value: "Q" }], chosen: { from: "gpt", value: "A" }, rejected: dot[1] },
    ["u:[a.jpg]Q|a:A"],
    /^"rejected" is left aside: of preferences/,
  ],
  [
    "the worse answer of ms-swift",
    { image, messages: talk, rejected_response: "B" },
    ["u:[a.jpg]Q|a:A"],
    /^"rejected_r/,
  ],
  [
    "an empty answer, and what was thought before one",
    { image, messages: [talk[0], { role: "assistant", content: "" }, talk[0], { ...talk[1], reasoning_content: "R" }] },
    ["u:[a.jpg]Q|a:|u:Q|a:A"],
    /^"reasoning_content" of a turn is left aside; an answer in the conversation is empty/,
  ],
  [
    "an empty cell for a mark",
    { image, messages: talk.map((turn) => ({ ...turn, weight: "", train: " " })) },
    ["u:[a.jpg]Q|a:A"],
    /^$/,
  ],
  [
    "turns that are context alone",
    { image, messages: [...talk.map((turn) => ({ ...turn, weight: 0 })), ...talk] },
    ["u:[a.jpg]Q|a:A|u:Q|a:A"],
    /^a turn is marked as not to be trained on/,
  ],
])("preferences: %s", (_, record, rows, remarks) => {
  const found = understood(record);
  expect(found.rows).toEqual(rows);
  expect(found.remarks).toMatch(remarks);
});
