import { at } from './bytes.ts'
import type { Plain } from './declared.ts'
import { dateText } from './values.ts'

/** What a reply of `$evaluate` says. */
export interface Shown {
  decision: string
  status: string
  checks: { name: string; outcome: string }[]
  subject: { name?: string; birthDate?: string; identifier?: string }
  coreDataSets: Plain[]
  /** Types of the resources that the rules ran over. */
  resourceTypes: string[]
  /** `planDefinition` without version, or `library#expression`; an absent result is null. */
  /** Those that decide. */
  rules: { id: string; result: boolean | null }[]
  /** Names of all out parameters. */
  names: string[]
  /** All of it, contents of binaries included. */
  text: string
}

/** Reads the Parameters of a reply. */
export function readReply(reply: Plain): Shown {
  const parameters = [at(reply, 'parameter') ?? []].flat()
  const named = (name: string, list: Plain[] = parameters) => list.filter((each) => at(each, 'name') === name)
  const valueIn = (each: Plain | undefined) =>
    Object.entries(Object(each ?? {})).find(([name]) => name.startsWith('value'))?.[1]
  const value = (name: string, list?: Plain[]) => valueIn(named(name, list)[0]) as string | undefined
  const parts = (each: Plain | undefined) => [at(each, 'part') ?? []].flat()
  const coreDataSets = named('coreDataSet').map((each) =>
    Buffer.from(String(at(each, 'resource', 'data')), 'base64').toString(),
  )
  // What informs decides nothing.
  const deciding = named('rule').filter((each) => value('informative', parts(each)) === undefined)
  const rules = deciding.map((each) => {
    const library = `${value('library', parts(each))?.split('|')[0]}#${value('expression', parts(each))}`
    const result: unknown = value('result', parts(each))
    return {
      id: value('planDefinition', parts(each))?.split('|')[0] ?? library,
      result: typeof result === 'boolean' ? result : null,
    }
  })
  const subject = parts(named('subject')[0]).map((each) => [at(each, 'name'), valueIn(each)])
  return {
    decision: value('decision') ?? '',
    status: value('status') ?? '',
    checks: named('check').map((each) => ({
      name: value('name', parts(each)) ?? '',
      outcome: value('outcome', parts(each)) ?? '',
    })),
    subject: Object.fromEntries(subject),
    coreDataSets: coreDataSets.map((each) => JSON.parse(each)),
    resourceTypes: [at(named('content')[0], 'resource', 'entry') ?? []]
      .flat()
      .map((entry) => String(at(entry, 'resource', 'resourceType'))),
    rules,
    names: parameters.map((each) => String(at(each, 'name'))),
    text: JSON.stringify(reply) + coreDataSets.join(),
  }
}

/** Checks in the order of the contract, and the statuses of each. */
const contract: Record<string, string[]> = {
  recognise: ['NOT_SUPPORTED'],
  encoding: ['INVALID_ENCODING'],
  compression: ['INVALID_COMPRESSION'],
  envelope: ['INVALID_SIGNING_FORMAT'],
  payload: ['UNSUPPORTED_CONTENT'],
  key: ['KID_NOT_INCLUDED', 'ISSUER_NOT_TRUSTED'],
  signature: ['INVALID_SIGNATURE', 'UNSIGNED_CONTENT'],
  'key-validity': ['TERMINATED_KEYS', 'EXPIRED_KEYS', 'REVOKED_KEYS'],
  'key-usage': ['KEY_USAGE_MISMATCH'],
  'validity-period': ['NOT_YET_VALID', 'EXPIRED'],
  revocation: ['REVOKED'],
}

/** What is wrong with a reply whatever the credential was; `markers` are texts of its content. */
export function replyFaults(
  { decision, status, checks, rules, names, text }: Shown,
  { markers, isRaw = false }: { markers: string[]; isRaw?: boolean | undefined },
): string[] {
  const mayBeSkipped = isRaw ? ['revocation', 'encoding'] : ['revocation']
  const isVerified = status === 'VERIFIED'
  const results = rules.map(({ result }) => result)
  const failed = checks.find(({ outcome }) => outcome === 'fail')
  const signed = checks.find(({ name }) => name === 'signature')?.outcome ?? ''
  const isSkipped = !failed || checks.slice(checks.indexOf(failed) + 1).every(({ outcome }) => outcome === 'skipped')
  const outcomes = ['pass', 'fail', 'warn', 'skipped']
  const dates = text.matchAll(/"(?:\w*[dD]ate|\w*DateTime|start|end|validFrom|validUntil)":"([^"]*)"/g)
  const shouldBe: Record<string, boolean> = {
    'checks in the order of the contract': checks.map(({ name }) => name).join() === Object.keys(contract).join(),
    'outcomes of the contract': checks.every(({ outcome }) => outcomes.includes(outcome)),
    'VERIFIED exactly when no check failed': isVerified === !failed,
    'nothing skipped in what is VERIFIED, but for revocation and the text of what came without':
      !isVerified || checks.every(({ name, outcome }) => outcome !== 'skipped' || mayBeSkipped.includes(name)),
    'the status of the first failed check': !failed || contract[failed.name]?.includes(status) === true,
    'nothing looked at behind a failed step': isSkipped || ['pass', 'warn'].includes(signed),
    'unverified exactly when not VERIFIED': (decision === 'unverified') === !isVerified,
    'a decision of the contract': ['accepted', 'rejected', 'undetermined', 'unverified'].includes(decision),
    'accepted by true rules alone':
      decision !== 'accepted' || (results.length > 0 && results.every((each) => each === true)),
    'rejected by a false rule': decision !== 'rejected' || results.includes(false),
    'nothing of what is unverified':
      isVerified || !names.some((name) => ['subject', 'coreDataSet', 'content', 'rule'].includes(name)),
    'no text of what is unverified': isVerified || !markers.some((marker) => text.includes(marker)),
    'only dates that exist': [...dates].every(([, date]) => dateText(date) !== undefined),
  }
  return Object.keys(shouldBe).filter((rule) => !shouldBe[rule])
}
