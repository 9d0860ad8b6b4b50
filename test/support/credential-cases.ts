import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { CheckName } from '../../src/credentials/credential-format.ts'
import type { Verification } from '../../src/evaluate/verify/verification.ts'
import { isShared } from './shared.ts'

/** Folder of the credential corpus beside the project, and why tests over it are skipped when it is absent. */
export const credentialCorpus = path.resolve(import.meta.dirname, '../../../shared/corpora/credentials')

type OneOrMany = string | string[]

/** What a case expects (format of the credential runner). */
export interface CaseExpectation {
  status?: OneOrMany
  notStatus?: OneOrMany
  format?: OneOrMany
  fail?: OneOrMany
  checks?: Record<string, OneOrMany>
  schemaChecks?: Record<string, OneOrMany>
  absent?: string[]
  http?: number | number[]
}

/** One case: texts, anchors (base64), clock, expectation. */
export interface CredentialCase {
  id: string
  group: string
  texts: string[]
  anchors: string[]
  clock: Date | undefined
  expected: CaseExpectation
}

interface RawCase {
  id: string
  credential?: string
  credentialPart?: string[]
  image?: unknown
  trust?: { jwk?: object; der?: string }[]
  evaluationDateTime?: string
  expected?: CaseExpectation & Record<string, unknown>
  qr?: string
  cert?: string
  clock?: string
}

/** Cases of one place below the corpus: a `.jsonl` file, or a folder of `.json` files. Cases with an image are left out. */
export function credentialCases(place: string): CredentialCase[] {
  if (!isShared) return []
  const full = path.join(credentialCorpus, place)
  const raw: RawCase[] = place.endsWith('.jsonl')
    ? readFileSync(full, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : readdirSync(full)
        .filter((name) => name.endsWith('.json'))
        .flatMap((name) => JSON.parse(readFileSync(path.join(full, name), 'utf8')))
  return raw.filter(({ expected, image }) => expected && !image && !expected.http).map((each) => toCase(each, place))
}

function toCase(raw: RawCase, group: string): CredentialCase {
  const { qr, cert, id } = raw
  if (qr !== undefined) {
    const clock = raw.clock === undefined ? undefined : new Date(raw.clock)
    return {
      id,
      group,
      texts: [qr],
      anchors: cert ? [cert] : [],
      clock,
      expected: expectationOfFlags(raw.expected ?? {}),
    }
  }
  const anchors = (raw.trust ?? []).map(({ der, jwk }) => der ?? Buffer.from(JSON.stringify(jwk)).toString('base64'))
  const texts = [raw.credential, ...(raw.credentialPart ?? [])].filter((text) => text !== undefined)
  const clock = raw.evaluationDateTime === undefined ? undefined : new Date(raw.evaluationDateTime)
  return { id, group, texts, anchors, clock, expected: raw.expected ?? {} }
}

const statusIfFalse: Record<string, string[]> = {
  EXPECTEDUNPREFIX: ['NOT_SUPPORTED'],
  EXPECTEDB45DECODE: ['INVALID_ENCODING'],
  EXPECTEDCOMPRESSION: ['INVALID_COMPRESSION'],
  EXPECTEDDECODE: ['UNSUPPORTED_CONTENT'],
  EXPECTEDVERIFY: ['KID_NOT_INCLUDED', 'ISSUER_NOT_TRUSTED', 'INVALID_SIGNATURE', 'INVALID_SIGNING_FORMAT'],
}
const checksOfFlag: Record<string, CheckName[]> = {
  EXPECTEDUNPREFIX: ['recognise'],
  EXPECTEDB45DECODE: ['encoding'],
  EXPECTEDCOMPRESSION: ['compression'],
  EXPECTEDDECODE: ['payload'],
  EXPECTEDVERIFY: ['key', 'signature'],
  EXPECTEDEXPIRATIONCHECK: ['validity-period'],
  EXPECTEDKEYUSAGE: ['key-usage'],
}

/** EU DCC test data: a flag that is true asks for pass or warn of its checks, false for fail of one of them. */
function expectationOfFlags(flags: Record<string, unknown>): CaseExpectation {
  const checks: Record<string, OneOrMany> = {}
  const expected: CaseExpectation = { checks }
  for (const [flag, names] of Object.entries(checksOfFlag)) {
    if (flags[flag] === true) for (const name of names) checks[name] = ['pass', 'warn']
    if (flags[flag] !== false) continue
    expected.fail = flag === 'EXPECTEDVERIFY' ? ['envelope', 'key', 'signature'] : names
    expected.notStatus = 'VERIFIED'
    if (statusIfFalse[flag]) expected.status = statusIfFalse[flag]
  }
  if (flags.EXPECTEDVERIFY === false) expected.checks = {}
  const certain = ['EXPECTEDVERIFY', 'EXPECTEDEXPIRATIONCHECK', 'EXPECTEDKEYUSAGE']
  if (!expected.fail && certain.every((flag) => flags[flag] === true)) {
    expected.status = 'VERIFIED'
    expected.format = 'hcert-dcc'
  }
  if (flags.EXPECTEDSCHEMAVALIDATION === true) expected.schemaChecks = { payload: ['pass'] }
  if (flags.EXPECTEDSCHEMAVALIDATION === false) expected.schemaChecks = { payload: ['warn', 'fail'] }
  return expected
}

/** Faults of a verdict against a case; none means passed. */
export function caseFaults({ expected }: CredentialCase, verdict: Verification): string[] {
  const faults: string[] = []
  const outcome = (name: string) => verdict.checks.find((check) => check.name === name)?.outcome ?? 'absent'
  const oneOf = (what: string, got: string | undefined, wanted: OneOrMany | undefined) => {
    if (wanted !== undefined && ![wanted].flat().includes(String(got)))
      faults.push(`${what}: ${got}, expected ${wanted}`)
  }
  // The published schema allows further members; the verdict warns of them.
  const schemaOutcome = (name: string) => {
    const detail = verdict.checks.find((check) => check.name === name)?.detail
    return detail === 'members that an EU DCC does not have' ? 'pass' : outcome(name)
  }
  oneOf('status', verdict.status, expected.status)
  oneOf('format', verdict.format, expected.format)
  if ([expected.notStatus ?? []].flat().includes(verdict.status)) faults.push(`status must not be ${verdict.status}`)
  if (expected.fail && ![expected.fail].flat().some((name) => outcome(name) === 'fail'))
    faults.push(`${expected.fail} did not fail`)
  for (const [name, wanted] of Object.entries(expected.checks ?? {})) oneOf(name, outcome(name), wanted)
  for (const [name, wanted] of Object.entries(expected.schemaChecks ?? {})) oneOf(name, schemaOutcome(name), wanted)
  const text = JSON.stringify(verdict)
  if ((expected.absent ?? []).some((word) => text.includes(word))) faults.push('text of the credential in the verdict')
  const failed = verdict.checks.filter((check) => check.outcome === 'fail')
  if ((verdict.status === 'VERIFIED') !== (failed.length === 0)) faults.push('status and failed checks disagree')
  if (verdict.status !== 'VERIFIED' && 'content' in verdict) faults.push('content of an unverified credential')
  return faults
}
