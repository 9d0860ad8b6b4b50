import { isoAlpha3, participantOfIssuer, sameParticipant } from '../../base/participant-codes.ts'
import type { KeyQuery, TrustedKey } from './trusted-key.ts'
import { servesAnyIssuer } from './wrapped-keys.ts'

/** Whether a key may serve a credential of that framework and issuer. */
export type ServesIssuer = (key: TrustedKey, query: KeyQuery) => boolean

/**
 * Issuer binding of configured lists. A key bound to an address serves that address alone, and never a format whose issuers are
 * countries; a key bound to a country never serves formats whose issuers are addresses, for which nothing vouches.
 */
export const listedKeyServes: ServesIssuer = (key, { framework, issuer }) => {
  switch (framework?.issuers) {
    case 'address':
      return key.issuer === undefined ? servesAnyIssuer(key, framework?.name) : key.issuer === issuer
    case 'country':
      return key.issuer === undefined ? isOfCountry(key, issuer) : isNamed(key, issuer)
    default:
      return issuer === undefined || key.issuer === issuer || (key.issuer === undefined && isOfCountry(key, issuer))
  }
}

/**
 * The same for the anchors of one request, whose entries without issuer serve everybody by key id alone and whose countries are
 * compared by ISO 3166 alone.
 */
export const anchorServes: ServesIssuer = (key, { framework, issuer }) => {
  if (framework?.issuers === 'address') return key.issuer === undefined ? key.participant === '' : key.issuer === issuer
  if (key.issuer !== undefined) return isNamed(key, issuer)
  if (key.participant === '' || issuer === undefined) return true
  return isoAlpha3(key.participant) === isoAlpha3(issuer)
}

/** Whether an issuer is an address (URL, urn, did) and no name of a country or ministry. */
const isAddress = (issuer: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(issuer)

/** A ministry's name in free text binds, too, where it stands in the credential character by character. */
const isNamed = (key: TrustedKey, issuer: string | undefined): boolean =>
  issuer !== undefined && key.issuer === issuer && !isAddress(issuer)

function isOfCountry(key: TrustedKey, issuer: string | undefined): boolean {
  // An entry that names nobody serves everybody by key id alone, as every entry does a credential without issuer.
  if (issuer === undefined || key.participant === '') return true
  const participant = participantOfIssuer(issuer)
  // Free text (a ministry's name) and addresses cannot be compared: the key id alone decides, and the caller warns.
  return participant === undefined || sameParticipant(key.participant, participant)
}
