import { authorityKeyIdentifier, subjectKeyIdentifier } from '../../base/crypto/x509.ts'
import { sameParticipant } from '../../base/participant-codes.ts'
import { isSignedBy } from '../keys/chain.ts'
import type { KeyIndex } from '../keys/key-index.ts'
import type { TrustedKey } from '../keys/trusted-key.ts'

/** Usages whose certificates an authority of that usage signs. */
export const AUTHORITIES: Record<string, string> = { DSC: 'SCA', DESC: 'DECA', UP: 'SCA' }

/** Listed authorities of a usage and name. */
export type Authorities = (usage: string, name: string) => readonly TrustedKey[]

/** Looked for once, however many keys are tried. */
export function authoritiesIn({ find }: Pick<KeyIndex, 'find'>): Authorities {
  let byName: Map<string, TrustedKey[]> | undefined
  return (usage, name) => {
    byName ??= Map.groupBy(
      find({ usage: ['SCA', 'DECA'] }),
      (key) => `${key.usage}|${key.certificate?.ca ? key.certificate.subject : ''}`,
    )
    return byName.get(`${usage}|${name}`) ?? []
  }
}

/** The listed authority that signed a key's certificate: of its participant, whatever the domain. */
export function authorityOf(key: TrustedKey, authorities: Authorities): TrustedKey | undefined {
  const { certificate, usage, participant } = key
  const wanted = AUTHORITIES[usage]
  if (!certificate || wanted === undefined) return undefined
  const named = authorityKeyIdentifier(certificate.raw)
  const signers = authorities(wanted, certificate.issuer).filter((each) => {
    const { certificate: authority } = each
    if (!authority?.ca) return false
    if (participant !== '' && !sameParticipant(each.participant, participant)) return false
    const own = subjectKeyIdentifier(authority.raw)
    return (!named || !own || Buffer.from(named).equals(own)) && isSignedBy(certificate, authority)
  })
  return signers.find(({ status }) => status === 'current') ?? signers[0]
}
