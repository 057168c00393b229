/** The place Model: choosing, loading, the self-test, loading settings. */
export const model = {};
