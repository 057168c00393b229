/** Der Hub: seine Einstellungen, und die Anmeldung. */
import type { Words } from "../en/index.ts";

export const hub: Words["hub"] = {
  pattern: "konto/name",
  settings: {
    title: "Einstellungen des Hubs",
    token: "Zugriffstoken",
    tokenHint: "für private Modelle und solche mit Anmeldung",
    address: "Adresse des Hubs",
    addressHint: "eines Spiegels oder eines eigenen Hubs",
    client: "OAuth-Client-ID",
    clientHint: "um sich mit einer eigenen App anzumelden",
    forgotten: "Das Token geht nur an diese Adresse und ist mit der Seite vergessen.",
  },
  signIn: {
    ranOut: "Ihre Anmeldung am Hub ist abgelaufen.",
    again: "Melden Sie sich noch einmal an, und laden Sie dann hoch.",
    againOrToken: "Melden Sie sich noch einmal an, oder geben Sie in den Einstellungen des Hubs ein Zugriffstoken ein.",
    connection: "Prüfen Sie die Verbindung und die Adresse des Hubs, und melden Sie sich dann noch einmal an.",
    safe: "Der Adapter ist sicher in diesem Browser.",
    noAnswer: (endpoint, why) => `${endpoint} hat auf die Anmeldung nicht geantwortet: ${why}.`,
    notSecure: (endpoint) => `${endpoint} schickt die Anmeldung an eine Adresse, die keine sichere Webseite ist.`,
    denied: "Dem Hub wurde nicht erlaubt, TabTune einzulassen.",
    refused: (why) => `Der Hub hat die Anmeldung abgelehnt: ${why}.`,
    notCompleted: (why) => `Der Hub hat die Anmeldung nicht abgeschlossen: ${why}.`,
    noRepositories: "Die Anmeldung erlaubt TabTune nicht, Repositorien anzulegen.",
  },
};
