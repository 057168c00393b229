/** The hub: its settings, and signing in. */
export const hub = {
  /** How a name looks. */
  pattern: "owner/name",
  settings: {
    title: "Hub settings",
    token: "Access token",
    tokenHint: "for private and gated models",
    address: "Hub address",
    addressHint: "of a mirror or a hub of your own",
    client: "OAuth client id",
    clientHint: "to sign in with an app of your own",
    forgotten: "The token is sent to this address only and is forgotten with the page.",
  },
  signIn: {
    ranOut: "Your sign-in at the hub has run out.",
    again: "Sign in again, then push.",
    againOrToken: "Sign in again, or enter an access token in the hub settings.",
    connection: "Check the connection and the hub address, then sign in again.",
    safe: "The adapter is safe in this browser.",
    noAnswer: (endpoint: string, why: string) => `${endpoint} did not answer the sign-in: ${why}.`,
    notSecure: (endpoint: string) => `${endpoint} sends the sign-in to an address that is no secure web page.`,
    denied: "The hub was not allowed to let TabTune in.",
    refused: (why: string) => `The hub refused the sign-in: ${why}.`,
    notCompleted: (why: string) => `The hub did not complete the sign-in: ${why}.`,
    noRepositories: "The sign-in does not allow TabTune to make repositories.",
  },
};
