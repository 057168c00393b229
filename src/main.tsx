/** The page's start. */
import "./page/trusted-types.ts";
import "./app/language.ts";
import "./styles.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import { keepFocus } from "./app/focus.ts";
import { wire } from "./app/wiring.ts";
import { speakAsChosen } from "./page/language.ts";
import { useAccount } from "./stores/account.ts";

void useAccount.getState().comeBack();

keepFocus();
wire();

await speakAsChosen();

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
