/** Name of the file that says what the certificates of a folder are for; no other spelling is read. */
export const SIDECAR = 'trust.json'

/** Names of files that are read as certificates. */
export const CERTIFICATE_FILE = /\.(pem|der|cer|crt)$/i

/** A sidecar under a name that is not read: in capitals, in the plural, with a further ending, hidden. */
const LIKE_SIDECAR = /^trusts?\.json|^\.trusts?\.jsonc?(?:\.txt)?$/i

/** What may stand beside certificates: hidden entries, texts for people, JWK sets, which are sources of their own. */
const BESIDE = /^\.|^readme$|^(?!trusts?\.)[^.]+\.txt$|\.md$|\.jwks\.json$/i

/**
 * What stands in a folder of certificates and is neither one nor the sidecar, one text each, in order: it may withdraw keys, under a
 * name that is not read. Of a folder that is not the source itself (`isWhole` false: one file of it is), only what looks like a
 * sidecar.
 */
export function strangersIn(names: readonly string[], isWhole: boolean): string[] {
  const isStranger = (name: string) =>
    name !== SIDECAR && (LIKE_SIDECAR.test(name) || (isWhole && !CERTIFICATE_FILE.test(name) && !BESIDE.test(name)))
  return names
    .filter(isStranger)
    .sort()
    .map(
      (name) =>
        `${name} is neither a certificate (.pem, .der, .cer, .crt) nor named exactly ${SIDECAR}: rename it or take it out of the folder`,
    )
}
