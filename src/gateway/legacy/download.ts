/**
 * Rules and value sets of the DCC era from a gateway (`/rules/{cc}`, `/valuesets` with a client certificate). Texts stay as they were
 * written; a rule counts only under the signature of an upload certificate of its own country.
 */
import type { X509Certificate } from 'node:crypto'
import { CmsError, cmsFromText, openCms } from '../../cms/cms.ts'
import type { GatewayClient } from '../client.ts'
import { readEuValueSet } from './eu-value-set.ts'
import { type RuleText, readRuleText } from './rule-text.ts'

/** What was refused: its name at the gateway, and why. */
export interface LeftOut {
  name: string
  reason: string
}

/** What a download came to. */
export interface Downloaded<Content> {
  found: Content[]
  leftOut: LeftOut[]
}

/** By what rules are judged. */
export interface RuleDownloadOptions {
  /** Alpha-2. */
  country: string
  /** Upload certificates of that country that are trusted. */
  signers: readonly X509Certificate[]
  now: Date
}

/** Most versions of rules that are taken of one country. */
const mostRules = 20_000
/** Most value sets that are taken of one gateway. */
const mostValueSets = 200

/**
 * Rules of a country, each version that holds.
 * @throws GatewayError when the gateway does not give them
 */
export async function downloadRules(
  gateway: Pick<GatewayClient, 'rules'>,
  options: RuleDownloadOptions,
): Promise<Downloaded<RuleText>> {
  const found: RuleText[] = []
  const leftOut: LeftOut[] = []
  const seen = new Set<string>()
  const listed = [...(await gateway.rules(options.country))].flatMap(([identifier, versions]) =>
    versions.map((each) => ({ identifier, ...each })),
  )
  for (const each of listed.slice(0, mostRules)) {
    const name = printable(`${each.identifier} ${each.version}`)
    const rule = await openRule(each, options)
    if (typeof rule === 'string') leftOut.push({ name, reason: rule })
    else if (seen.has(name)) leftOut.push({ name, reason: 'the gateway lists this version twice' })
    else found.push(rule)
    seen.add(name)
  }
  if (listed.length > mostRules) leftOut.push({ name: options.country, reason: `only ${mostRules} versions are taken` })
  return { found, leftOut }
}

/** A name of another server's, to be shown: short, and nothing that moves a cursor. */
const printable = (name: string): string => name.slice(0, 100).replace(/[^\x20-\x7e]/g, '?')

/** The rule in a signed message; the reason when it is not to be trusted, or is another than the list says. */
async function openRule(
  { identifier, version, cms }: { identifier: string; version: string; cms: string },
  { country, signers, now }: RuleDownloadOptions,
): Promise<RuleText | string> {
  let opened: Awaited<ReturnType<typeof openCms>>
  try {
    opened = await openCms(cmsFromText(cms))
  } catch (error) {
    if (error instanceof CmsError)
      return `the signed message is ${error.reason === 'signature' ? 'forged' : 'malformed'}`
    throw error
  }
  const signer = signers.find(({ raw }) => raw.equals(opened.signer.raw))
  if (!signer) return `it is not signed by a trusted upload certificate of ${country}`
  const at = opened.signingTime ?? now
  if (at > now || at < signer.validFromDate || at > signer.validToDate)
    return 'it was not signed within the period of the certificate'
  const rule = readRuleText(opened.content)
  if (typeof rule === 'string') return `it is no rule: ${rule}`
  if (rule.country !== country) return 'it is a rule of another country'
  if (rule.identifier !== identifier || rule.version !== version) return 'it is another rule than the list says'
  return rule
}

/** A value set as the gateway gives it; nobody has signed it. */
interface ValueSetText {
  id: string
  text: Buffer
}

/**
 * Value sets of a gateway; there is no signature over them but the connection's.
 * @throws GatewayError when the gateway does not give them
 */
export async function downloadValueSets(
  gateway: Pick<GatewayClient, 'valueSetIds' | 'valueSet'>,
): Promise<Downloaded<ValueSetText>> {
  const found: ValueSetText[] = []
  const leftOut: LeftOut[] = []
  const ids = await gateway.valueSetIds()
  for (const id of new Set(ids.slice(0, mostValueSets))) {
    const text = await gateway.valueSet(id)
    const read = readEuValueSet(text)
    if (typeof read === 'string') leftOut.push({ name: id, reason: read })
    else if (read.id !== id) leftOut.push({ name: id, reason: 'it is another value set than the list says' })
    else found.push({ id, text })
  }
  if (ids.length > mostValueSets) leftOut.push({ name: 'value sets', reason: `only ${mostValueSets} are taken` })
  return { found, leftOut }
}
