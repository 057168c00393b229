/**
 * The page's one policy of Trusted Types, which its content policy asks for: a script or a worker comes from this site, and no text becomes
 * markup or code anywhere. It is the default one, so that it also binds libraries. Imported before anything that could start a worker.
 */

interface Factory {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): unknown;
}

/** @throws TypeError for an address that is not of this page's own site */
export function ownScript(address: string, page: string): string {
  const { origin, href } = new URL(address, page);
  if (origin !== new URL(page).origin)
    throw new TypeError(`Scripts come from this site alone, and not from ${origin}.`);
  return href;
}

// Browsers without Trusted Types also know nothing of the policy that asks for them.
const { trustedTypes } = globalThis as { trustedTypes?: Factory };
trustedTypes?.createPolicy("default", { createScriptURL: (address) => ownScript(address, document.baseURI) });
