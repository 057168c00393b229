/** A demo page: a title, a model that somebody has trained, and a chat with it. It trains nothing. */
import "../page/trusted-types.ts";
import "../parts/tokens.css";
import "./demo.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Demo } from "./Demo.tsx";
import { tag } from "./words.ts";

document.documentElement.lang = tag;
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <Demo />
  </StrictMode>,
);
