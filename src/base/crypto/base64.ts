/**
 * Whether a text is base64url without padding (RFC 4648, 5) in the one spelling that encoding its bytes yields: of a text that can be
 * spelt in several ways there would be several signatures. The empty text is.
 */
export const isBase64url = (text: string): boolean =>
  /^[A-Za-z0-9_-]*$/.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text

/** Whether a text has the letters of base64 on one line, with or without padding (RFC 4648, 4); the empty text has none. */
export const hasBase64Letters = (text: string): boolean => /^[A-Za-z0-9+/]+={0,2}$/.test(text)
