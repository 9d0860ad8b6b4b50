/** Longest name of an issuer, in characters. */
const ISSUER_CHARACTERS = 256
/** Characters that show nothing, or show the text otherwise than it compares (Unicode: Cc, Cf, Cs, Zl, Zp). */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** Why the name of an issuer cannot be compared with that of a key; undefined when it can (evaluate.md, Fail closed 3). */
export function issuerTextFault(issuer: unknown): string | undefined {
  if (typeof issuer !== 'string') return 'the issuer is not a text'
  if (issuer.length > ISSUER_CHARACTERS) return `the issuer is longer than ${ISSUER_CHARACTERS} characters`
  return UNSEEN.test(issuer) ? 'the issuer has control or format characters' : undefined
}
