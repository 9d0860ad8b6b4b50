/** Texts of the view trust. */
export const trust = { title: 'Trust' }
