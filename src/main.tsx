import "./app/language.ts";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App.tsx";
import { keepFocus } from "./app/focus.ts";
import { wire } from "./app/wiring.ts";
import { useAccount } from "./stores/account.ts";
import "./styles.css";

void useAccount.getState().comeBack();

keepFocus();
wire();

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
