import type { DeclaredKey } from '../checker/declared.ts'
import { type Family, type Kind, kinds, layouts } from './documents.ts'
import {
  bareSigner,
  certifiedSigner,
  farAhead,
  jwkOf,
  longAgo,
  revokedCards,
  type Signer,
  type SignerWish,
} from './signers.ts'

/** Whether a credential may count because of its key: `any` = the specification leaves it open or it depends on more. */
export type Verdict = 'good' | 'bad' | 'any'

/** How the signer of a credential stands with the one who verifies it. */
export interface Standing {
  /** What is special about it. */
  name: string
  kinds: readonly Kind[]
  verdict: Verdict
  signer: Signer
  /** Everything that the judge is told. */
  keys: DeclaredKey[]
  /** `trustAnchor` of the request, base64. */
  anchors?: string[]
  trustDomains?: string[]
  /** `iss` of cards. */
  cardIssuer: string
  /** Whether its HCERTs name no issuer. */
  isNameless?: boolean
}

/** Address that issues good cards. */
export const cardIssuer = 'https://cards.example.org/issuer'
const otherIssuer = 'https://other.example.org/issuer'

/** Kinds of a family. */
export const kindsOf = (family: Family): Kind[] => kinds.filter((kind) => layouts[kind].family === family)
const hcert = kindsOf('hcert')
const cards = kindsOf('shc')
const seals = kindsOf('icao-vds-nc')

/** Extended key usages. */
export const usages = {
  t: '1.3.6.1.4.1.1847.2021.1.1',
  v: '1.3.6.1.4.1.1847.2021.1.2',
  r: '1.3.6.1.4.1.1847.2021.1.3',
  divoc: '1.3.6.1.4.1.1847.2022.1.20',
  shc: '1.3.6.1.4.1.1847.2022.1.21',
  rawDcc: '1.3.6.1.4.1.1847.2022.1.22',
  seal: '2.23.136.1.1.14.2',
  tlsClient: '1.3.6.1.5.5.7.3.2',
}
/** The arc that is wrong and as common. */
export const wrongArc = (oid: string): string => oid.replace('.1.1847.', '.1.0.1847.')

/** Extended key usages by the letters of the events. */
export const events = ['v', 't', 'r'] as const
export const kindsWithEvent = (family: Family, event: string): Kind[] =>
  kindsOf(family).filter((kind) => layouts[kind].event === event)

/** What an anchor says beside key and certificate. */
type Said = Pick<DeclaredKey, 'participant' | 'issuer' | 'domain' | 'usage' | 'status' | 'from' | 'until' | 'revoked'>

interface Row {
  name: string
  kinds: readonly Kind[]
  verdict: Verdict
  signer: Signer
  /** A DER anchor says nothing more. */
  said?: Said
  isDer?: boolean
  /** Anchors in place of the signer's own. */
  instead?: DeclaredKey[]
  /** Anchors beside it. */
  also?: DeclaredKey[]
  trustDomains?: string[]
  cardIssuer?: string
}

function toStanding(row: Row): Standing {
  const { name, kinds: own, verdict, signer, said = {}, isDer = false, also = [], trustDomains } = row
  const anchors = row.instead ?? [{ ...signer.key, ...said, list: 'request' }, ...also]
  const listed = anchors.map((key) => ({ ...key, list: 'request' }))
  const texts = listed.map((key) =>
    isDer && key.certificate ? key.certificate : Buffer.from(JSON.stringify(jwkOf(key))),
  )
  return {
    name,
    kinds: own,
    verdict,
    signer,
    keys: row.instead ? [signer.key, ...listed] : listed,
    anchors: texts.map((each) => Buffer.from(each).toString('base64')),
    ...(trustDomains ? { trustDomains } : {}),
    cardIssuer: row.cardIssuer ?? cardIssuer,
  }
}

/** Every way in which a key can stand that a request brings along. */
export function requestStandings(): Standing[] {
  return [...hcertRows(), ...cardRows(), ...sealRows(), ...divocRows()].map(toStanding)
}

function hcertRows(): Row[] {
  const dsc = (wish?: SignerWish) => certifiedSigner(wish)
  const row = (name: string, verdict: Verdict, signer: Signer, more: Partial<Row> = {}): Row => ({
    name,
    kinds: hcert,
    verdict,
    signer,
    ...more,
  })
  const der = { isDer: true }
  const twin = dsc()
  const shared = bareSigner({ keyId: 'c2hhcmVkaWQ=' })
  const strangers = Array.from({ length: 12 }, () => bareSigner({ keyId: shared.keyId }).key)
  return [
    row('certificate', 'good', dsc(), der),
    row('JWK', 'good', bareSigner({ keyId: 'a2V5aWQ=' })),
    row('JWK with certificate, bound to the country', 'good', dsc(), { said: { participant: 'DE' } }),
    row('document signer of the domain asked for', 'good', dsc(), {
      said: { usage: 'DSC', domain: 'DCC' },
      trustDomains: ['DDCC', 'DCC'],
    }),
    row('unrelated extended key usage', 'good', dsc({ extendedUsages: [usages.tlsClient] }), der),
    row('ES384', 'good', dsc({ algorithm: 'ES384' }), der),
    row('ES256 with a P-384 key', 'good', dsc({ curve: 'P-384' }), der),
    row('PS256', 'good', dsc({ algorithm: 'PS256' }), der),
    row('EdDSA', 'good', dsc({ algorithm: 'EdDSA' }), der),
    row('one of thirteen keys of one id', 'good', shared, { instead: [...strangers, { ...shared.key }] }),
    ...events.flatMap((event) => [
      row(`usage for ${event}`, 'good', dsc({ extendedUsages: [usages[event]] }), {
        ...der,
        kinds: kindsWithEvent('hcert', event),
      }),
      row(`usage for ${event} under the wrong arc`, 'good', dsc({ extendedUsages: [wrongArc(usages[event])] }), {
        ...der,
        kinds: kindsWithEvent('hcert', event),
      }),
      row(
        `usage for all but ${event}`,
        'bad',
        dsc({ extendedUsages: events.filter((each) => each !== event).map((each) => usages[each]) }),
        { ...der, kinds: kindsWithEvent('hcert', event) },
      ),
    ]),
    row('document signer of ICVP under a DCC', 'any', dsc(), {
      said: { usage: 'DSC', domain: 'ICVP' },
      kinds: ['dcc-v', 'dcc-t', 'dcc-r'],
    }),
    row('wrapped raw key of DCC', 'any', dsc({ extendedUsages: [usages.rawDcc] }), der),
    row('wrapped key of cards alone', 'bad', dsc({ extendedUsages: [usages.shc] }), der),
    row('wrapped key of DIVOC alone', 'bad', dsc({ extendedUsages: [usages.divoc] }), der),
    ...(['terminated', 'revoked', 'expired'] as const).map((status) =>
      row(`status ${status}`, 'bad', dsc(), { said: { status } }),
    ),
    ...['SCA', 'CSCA', 'DECA', 'DESC', 'UP', 'TLS', 'AUTH'].map((usage) =>
      row(`usage ${usage}`, 'bad', dsc(), { said: { usage } }),
    ),
    row('certificate has run out', 'bad', dsc(longAgo), der),
    row('certificate is not valid yet', 'bad', dsc(farAhead), der),
    row('JWK has run out', 'bad', bareSigner({ keyId: 'b2xk' }), { said: longAgo }),
    row('JWK is not valid yet', 'bad', bareSigner({ keyId: 'bmV3' }), { said: farAhead }),
    row('bound to another country', 'bad', dsc(), {
      said: { participant: 'FR' },
      kinds: hcert.filter((kind) => !kind.startsWith('flat')),
    }),
    row('bound to an address', 'bad', dsc(), { said: { issuer: cardIssuer } }),
    row('domain that was not asked for', 'bad', dsc(), { said: { domain: 'PH4H' }, trustDomains: ['DCC'] }),
    row('no domain where one was asked for', 'bad', dsc(), { said: { usage: 'DSC' }, trustDomains: ['DCC'] }),
    row('current and revoked', 'bad', twin, {
      said: { status: 'current' },
      also: [{ ...twin.key, status: 'revoked' }],
    }),
    row('a stranger under the trusted id', 'bad', shared, { instead: strangers.slice(0, 1) }),
    row('nobody trusts it', 'bad', dsc(), { instead: [dsc().key], ...der }),
    row('its authority is trusted, it is not', 'bad', dsc({ authority: authorityOf('DE') }), {
      instead: [authorityOf('DE').key],
      ...der,
    }),
  ]
}

const authorities = new Map<string, Signer>()
function authorityOf(country: string): Signer {
  const known = authorities.get(country) ?? certifiedSigner({ country, isAuthority: true })
  authorities.set(country, known)
  return known
}

function cardRows(): Row[] {
  const row = (name: string, verdict: Verdict, said: Said, more: Partial<Row> = {}): Row => {
    const signer = bareSigner()
    return {
      name,
      kinds: cards,
      verdict,
      signer,
      said: { issuer: cardIssuer, revoked: revokedCards, ...said },
      ...more,
    }
  }
  const stranger = bareSigner()
  return [
    row('card key', 'good', {}),
    row('card key that names its usage', 'good', { usage: 'DSC' }),
    row('card key of another issuer', 'bad', { issuer: otherIssuer }),
    row('card key of an issuer with a slash', 'bad', { issuer: `${cardIssuer}/` }, { cardIssuer: `${cardIssuer}/` }),
    row(
      'card key of an issuer without https',
      'bad',
      { issuer: 'http://cards.example.org' },
      { cardIssuer: 'http://cards.example.org' },
    ),
    row(
      'card key of an issuer with a query',
      'bad',
      { issuer: `${cardIssuer}?a=b` },
      { cardIssuer: `${cardIssuer}?a=b` },
    ),
    row('issuer in other letters', 'bad', {}, { cardIssuer: cardIssuer.toUpperCase().replace('HTTPS', 'https') }),
    row('issuer with a dot more', 'bad', {}, { cardIssuer: cardIssuer.replace('.org', '.org.') }),
    row('card key bound to a country', 'bad', { issuer: 'DE' }),
    ...['SCA', 'DECA', 'UP'].map((usage) => row(`card key of usage ${usage}`, 'bad', { usage })),
    ...(['terminated', 'revoked', 'expired'] as const).map((status) => row(`card key ${status}`, 'bad', { status })),
    row('card key has run out', 'bad', longAgo),
    row('card key is not valid yet', 'bad', farAhead),
    row('card key of a domain that was not asked for', 'bad', { domain: 'PH4H' }, { trustDomains: ['DCC'] }),
    row(
      'a stranger under the card key’s id',
      'bad',
      {},
      { signer: stranger, instead: [{ ...bareSigner({ keyId: stranger.keyId }).key, issuer: cardIssuer }] },
    ),
    row('nobody trusts the card key', 'bad', {}, { instead: [{ ...bareSigner().key, issuer: cardIssuer }] }),
  ]
}

function divocRows(): Row[] {
  const signer = (algorithm: Signer['algorithm'] = 'EdDSA') => bareSigner({ algorithm, keyId: 'did:divoc:1' })
  const row = (name: string, verdict: Verdict, said: Said = {}, more: Partial<Row> = {}): Row => ({
    name,
    kinds: kindsOf('divoc'),
    verdict,
    signer: signer(),
    said,
    ...more,
  })
  const stranger = signer()
  return [
    row('DIVOC key', 'good'),
    row('DIVOC key of its issuer', 'good', { issuer: cardIssuer }),
    row('RSA key of DIVOC', 'good', {}, { signer: signer('PS256') }),
    row('DIVOC key of another issuer', 'bad', { issuer: otherIssuer }),
    row('DIVOC key bound to a country', 'bad', { issuer: 'DE' }),
    ...['SCA', 'DECA', 'UP'].map((usage) => row(`DIVOC key of usage ${usage}`, 'bad', { usage })),
    ...(['terminated', 'revoked', 'expired'] as const).map((status) => row(`DIVOC key ${status}`, 'bad', { status })),
    row('DIVOC key has run out', 'bad', longAgo),
    row('DIVOC key is not valid yet', 'bad', farAhead),
    row('DIVOC key of a domain that was not asked for', 'bad', { domain: 'PH4H' }, { trustDomains: ['DCC'] }),
    row('a stranger under the DIVOC key’s id', 'bad', {}, { signer: stranger, instead: [signer().key] }),
    row('nobody trusts the DIVOC key', 'bad', {}, { instead: [bareSigner().key] }),
  ]
}

function sealRows(): Row[] {
  const sca = authorityOf('DE')
  const oldSca = certifiedSigner({ isAuthority: true, ...longAgo })
  const french = authorityOf('FR')
  const under = (authority: SignerWish['authority'], more: SignerWish = {}) =>
    certifiedSigner({ extendedUsages: [usages.seal], ...(authority ? { authority } : {}), ...more })
  const at = (key: DeclaredKey, said: Said = {}): DeclaredKey => ({ ...key, participant: 'DE', ...said })
  const abroad = (signer: Signer): Signer => ({ ...signer, country: 'DE', key: { ...signer.key, participant: 'FR' } })
  const row = (name: string, verdict: Verdict, signer: Signer, instead: DeclaredKey[]): Row => {
    const own = { ...signer, key: { participant: signer.country, ...signer.key } }
    // A DER anchor says no usage, no status.
    const isDer = instead.every(({ usage, status }) => usage === undefined && status === undefined)
    return { name, kinds: seals, verdict, signer: own, instead, isDer }
  }
  const pinned = under(sca)
  const middle = under(sca, { isAuthority: true })
  return [
    row('signer under its authority', 'good', under(sca), [at(sca.key)]),
    row('authority as JWK with usage', 'good', under(sca), [at(sca.key, { usage: 'SCA' })]),
    row('signer without extended key usage', 'good', under(sca, { extendedUsages: [] }), [at(sca.key)]),
    row('signer named itself', 'good', pinned, [at(pinned.key, { usage: 'DSC' })]),
    row('signer for other things', 'bad', under(sca, { extendedUsages: [usages.v] }), [at(sca.key)]),
    row('the authority itself', 'bad', sca, [at(sca.key)]),
    row('the authority itself, listed as one', 'bad', sca, [at(sca.key, { usage: 'SCA' })]),
    row('forged under the name and id of the authority', 'bad', under({ pretended: sca }), [at(sca.key)]),
    row('self-signed', 'bad', under('self'), [at(sca.key)]),
    row('authority has run out', 'bad', under(oldSca), [at(oldSca.key)]),
    row('signer has run out', 'bad', under(sca, longAgo), [at(sca.key)]),
    row('signer is not valid yet', 'bad', under(sca, farAhead), [at(sca.key)]),
    ...(['terminated', 'revoked'] as const).map((status) =>
      row(`authority ${status}`, 'bad', under(sca), [at(sca.key, { status })]),
    ),
    row('signer withdrawn by another anchor', 'bad', pinned, [
      at(sca.key, { usage: 'SCA' }),
      at(pinned.key, { status: 'revoked', usage: 'DSC' }),
    ]),
    row('authority is a document signer', 'bad', under(sca), [at(sca.key, { usage: 'DSC' })]),
    row('authority of another usage', 'bad', under(sca), [at(sca.key, { usage: 'DECA' })]),
    row('under an authority that nobody trusts', 'bad', under(middle), [at(sca.key)]),
    row('signer of another country', 'bad', abroad(under(sca, { country: 'FR' })), [at(sca.key)]),
    row('authority and signer of another country', 'bad', abroad(under(french, { country: 'FR' })), [
      { ...french.key, participant: 'FR' },
    ]),
  ]
}
