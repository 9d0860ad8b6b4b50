import { at } from './bytes.ts'
import type { DeclaredKey, Facts, Plain } from './declared.ts'
import type { Opened } from './open.ts'

/** What is asked of a key beside the signature. */
export interface Demands {
  instant: Date
  /** Only keys of these domains; empty = all. */
  trustDomains: string[]
  /** Whether a format under another's domain is refused. */
  isDomainStrict: boolean
}

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) =>
  a !== undefined && b !== undefined && Buffer.compare(a, b) === 0

/** Why no declared key vouches for the credential; empty when one does. */
export function keyObjections(opened: Opened, facts: Facts, keys: DeclaredKey[], demands: Demands): string[] {
  if (/[\p{Cc}\p{Cf}]/u.test(String(opened.issuer))) return ['control or format characters in the issuer']
  // A seal brings its signer: a declared certificate, whose authority must be listed unless it is listed itself.
  const own = keys.filter((key) =>
    opened.signer ? same(key.certificate, opened.signer) : key.ids.includes(opened.keyId ?? ''),
  )
  const signers = own.filter((key) => opened.verifies(key.publicKey))
  const trusted = signers.flatMap((signer) => {
    if (signer.list !== undefined) return [{ signer, voucher: signer }]
    if (!opened.signer) return []
    return keys
      .filter((key) => key.list !== undefined && same(key.certificate, signer.certifiedBy))
      .map((voucher) => ({ signer, voucher }))
  })
  const reasons = trusted.map((pair) => reasonsAgainst(pair, { opened, facts, keys, demands }))
  return reasons.find((each) => each.length === 0) ?? reasons[0] ?? ['no trusted key of that id verifies it']
}

/** Checks that must say `warn` although all is well: what could not be compared, or is unusual. */
export function dueWarnings(opened: Opened, facts: Facts, keys: DeclaredKey[]): string[] {
  const { family, issuer, payload, keyId = '' } = opened
  const own = keys.filter((key) => key.list !== undefined && key.ids.includes(keyId) && opened.verifies(key.publicKey))
  const isCwt = family === 'hcert' && at(payload, '-260') !== undefined
  const isCompared = isCode(issuer) || family !== 'hcert'
  return [
    ...(isCwt && (at(payload, '4') === undefined || at(payload, '6') === undefined) ? ['validity-period'] : []),
    ...(!isCompared && own.every(({ participant }) => participant !== undefined) ? ['key'] : []),
    ...(facts.doubts.includes('unknown subclaim') ? ['payload'] : []),
    ...(own.length > 0 && own.every(({ domain = '' }) => isForeign(domain, facts)) ? ['key-usage'] : []),
  ]
}

interface Case {
  opened: Opened
  facts: Facts
  keys: DeclaredKey[]
  demands: Demands
}

function reasonsAgainst(
  { signer, voucher }: { signer: DeclaredKey; voucher: DeclaredKey },
  { opened, facts, keys, demands }: Case,
): string[] {
  const { instant, trustDomains, isDomainStrict } = demands
  const pair = [signer, voucher]
  const twins = keys.filter((key) =>
    pair.some((each) => same(key.certificate, each.certificate) || key.publicKey.equals(each.publicKey)),
  )
  const isAuthority = ({ usage = opened.signer && 'SCA' }: DeclaredKey) => usage === 'SCA' || usage === 'CSCA'
  const tests: Record<string, boolean> = {
    'a list has withdrawn it': twins.some(({ status = 'current' }) => status !== 'current'),
    'distrusted, or not where it must stand': twins.some(({ isDistrusted = false }) => isDistrusted),
    'an authority signs no content': twins.some(
      (key) => key.publicKey.equals(signer.publicKey) && key.list !== undefined && isAuthority(key),
    ),
    'not a document signer': signer === voucher && !isAuthority(voucher) && !['DSC', undefined].includes(voucher.usage),
    'its certifier is no authority': signer !== voucher && !isAuthority(voucher),
    'outside its period': pair.some(({ from, until }) => (from && instant < from) || (until && instant > until)),
    'of another issuer': !pair.every((key) => servesIssuer(key, opened)),
    'of another domain': trustDomains.length > 0 && !trustDomains.includes(voucher.domain ?? ''),
    'its domain does not sign this': isDomainStrict && isForeign(voucher.domain ?? '', facts),
    'extended key usage': !allows(signer.extendedUsages ?? [], opened, facts),
    'no listed authority':
      signer.isChainDemanded === true &&
      !keys.some(
        (key) =>
          key.list === signer.list &&
          key.usage === 'SCA' &&
          key.participant === signer.participant &&
          same(key.certificate, signer.certifiedBy),
      ),
    revoked: isRevoked(signer, facts),
  }
  return Object.keys(tests).filter((reason) => tests[reason])
}

function isRevoked({ revoked = [] }: DeclaredKey, { revocable }: Facts): boolean {
  const isOld = (before: number) => typeof revocable?.notBefore !== 'number' || revocable.notBefore < before
  return revoked.some(({ rid, before }) => rid === revocable?.rid && (before === undefined || isOld(before)))
}

const alpha3: Record<string, string> = { DE: 'DEU', FR: 'FRA', UY: 'URY' }
const country = (code: string) => alpha3[code.toUpperCase()] ?? code.toUpperCase().replace(/^X(?=[A-Z]$)/, 'XX')

const isCode = (issuer: Plain | undefined): issuer is string =>
  typeof issuer === 'string' && /^[A-Za-z]{2,3}$/.test(issuer.trim())

/** Codes and a card's URL are compared; free text, URLs and the like in an HCERT cannot be. */
function servesIssuer(key: DeclaredKey, { family, issuer, signer }: Opened): boolean {
  if (family === 'divoc') return (key.issuer ?? issuer) === issuer && key.participant === undefined
  if (family === 'shc') {
    const isIssuer = /^https:\/\/[^/?#@\s]+(\/[^?#@\s]*[^/?#@\s])?$/.test(String(issuer))
    return isIssuer && (key.issuer ?? issuer) === issuer && key.participant === undefined
  }
  if (key.issuer !== undefined || (signer && !isCode(issuer))) return false
  return !isCode(issuer) || key.participant === undefined || country(key.participant) === country(issuer.trim())
}

/** Pairs beyond doubt: an international vaccination certificate is no EU DCC, nor the other way round. */
function isForeign(domain: string, { kinds }: Facts): boolean {
  return kinds.includes('1') ? /^D?ICVP$/.test(domain) : kinds.includes('-6') && domain === 'DCC'
}

const health = /^1\.3\.6\.1\.4\.1\.(?:0\.)?1847\.2021\.1\.([123])$/
const wrapped = /^1\.3\.6\.1\.4\.1\.1847\.2022\.1\.(20|21|22)$/
const last = (usages: string[], pattern: RegExp) => usages.flatMap((oid) => pattern.exec(oid)?.[1] ?? [])

/** Extended key usage against the format and the certified events. */
function allows(usages: string[], { family }: Opened, { events }: Facts): boolean {
  if (family === 'icao-vds-nc') return usages.length === 0 || usages.includes('2.23.136.1.1.14.2')
  const [arcs, frameworks] = [last(usages, health), last(usages, wrapped)]
  if (frameworks.length > 0 && !frameworks.includes({ divoc: '20', shc: '21', hcert: '22' }[family])) return false
  return (
    family === 'shc' || arcs.length === 0 || events.every(({ kind }) => arcs.includes({ t: '1', v: '2', r: '3' }[kind]))
  )
}
