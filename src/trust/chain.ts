import type { X509Certificate } from 'node:crypto'
import type { TrustedKey } from './trusted-key.ts'

/** Keys of a list that may be used, and what was found wrong with the others. */
export interface ChainedKeys {
  keys: TrustedKey[]
  /** One text per key that was left out. */
  refused: string[]
}

/**
 * Holds every DSC of a list against the SCAs of the same list and participant (trust-network.md, section 2): one of those
 * whose subject is its issuer must have signed it, else the key is left out. A list with no SCA of that name (a local one)
 * only warns.
 */
export function checkChains(keys: TrustedKey[]): ChainedKeys {
  const authorities = new Map<string, X509Certificate[]>()
  for (const { usage, participant, certificate } of keys) {
    if (usage !== 'SCA' || !certificate) continue
    const name = `${participant}|${certificate.subject}`
    authorities.set(name, [...(authorities.get(name) ?? []), certificate])
  }
  const checked: ChainedKeys = { keys: [], refused: [] }
  for (const key of keys) {
    const { certificate, participant } = key
    if (key.usage !== 'DSC' || !certificate) {
      checked.keys.push(key)
      continue
    }
    const issuers = authorities.get(`${participant}|${certificate.issuer}`)
    if (!issuers)
      checked.keys.push({ ...key, warnings: [...key.warnings, 'the list has no SCA of the name of its issuer'] })
    else if (issuers.some((issuer) => isSignedBy(certificate, issuer))) checked.keys.push(key)
    else checked.refused.push(`DSC ${key.keyId} of ${participant}: not signed by the listed SCA of its issuer's name`)
  }
  return checked
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey)
  } catch {
    return false // a key of a kind that cannot have signed it
  }
}
