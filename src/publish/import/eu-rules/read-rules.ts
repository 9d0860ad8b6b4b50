/** Rules of the EU out of files, as the artefacts that publish them; what is wrong with a rule is told with its place. */
import { sha256Hex } from '../../../base/crypto/sha256.ts'
import { canonicalJson } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'
import { FhirError, isError } from '../../../fhir/error.ts'
import { jsonPlaces } from '../../../fhir/places/json-places.ts'
import type { Issue } from '../../../fhir/types.ts'
import type { EuRuleForm } from '../../../packages/eu-rules/form.ts'
import {
  type EuRuleItem,
  type RuleClaims,
  readEuRules,
  readSignedRules,
} from '../../../packages/eu-rules/read-rules.ts'
import { beginning, placeWithin, shownPlace, type TextPlace } from '../../../packages/eu-rules/text-place.ts'
import type { ArchiveFile } from '../../../packages/tar.ts'
import { euRuleToFhir, ownRuleSystems } from '../../../rules/certlogic/eu-rule.ts'
import { euRuleFaults } from '../../../rules/certlogic/eu-rule-faults.ts'
import type { Candidate } from '../candidate.ts'
import type { ImportEntry } from '../report.ts'
import { type EuRuleTrust, openSignedRules } from './open-signed.ts'

/** What reading rules needs. */
export interface EuRuleReading {
  /** Base of the canonical urls. */
  canonical: string
  /** Whose signatures count; without it no signed list is read. */
  trust?: EuRuleTrust | undefined
  /** Most rules of one import; default 10,000. */
  most?: number
}

/** Reads the rules of one import, file by file. */
export interface EuRuleReader {
  /**
   * The artefacts of a file, and entries that say what is wrong with it.
   * @throws FhirError 413 for more rules than are taken at once
   */
  read(file: ArchiveFile, form: EuRuleForm): AsyncGenerator<Candidate | { entry: ImportEntry }>
  /** What is known when all files are read: rules that were named by their hash, and are not here. */
  finish(): ImportEntry[]
}

/** A rule, where it was met, and under whose signature. */
interface Met {
  text: Buffer
  rule: JsonObject
  place: TextPlace
  file: string
  claims: RuleClaims
  signer?: string
  objection?(country: string): string | undefined
}

/** Rules of one import at most: several times what all countries of the EU published. */
const mostRules = 10_000

/** Begins an import. */
export function createEuRuleReader(reading: EuRuleReading): EuRuleReader {
  const most = reading.most ?? mostRules
  const hashes = new Set<string>()
  const wanted: { hash: string; entry: ImportEntry }[] = []
  const known = new Map<string, { content: string; at: string }>()
  let count = 0

  const take = (met: Met): (Candidate | { entry: ImportEntry })[] => {
    if (++count > most)
      throw new FhirError(413, [tooMany(`An import takes at most ${most} rules of the EU; import them in parts.`)])
    hashes.add(sha256Hex(met.text))
    const issues = [
      ...claimFaults(met),
      ...signerFaults(met),
      ...euRuleFaults(met.rule).map((each) => placed(each, met)),
    ]
    const entry = entryOf(met)
    if (issues.some(isError)) return [{ entry: failed(entry, issues) }]
    const name = `${met.rule.Identifier} ${met.rule.Version}`
    const content = canonicalJson(met.rule)
    const at = `${met.file}, ${shownPlace(met.place)}`
    const earlier = known.get(name)
    if (earlier?.content === content)
      return [{ entry: { ...entry, status: 'skipped', reason: `the same rule stands at ${earlier.at}` } }]
    if (earlier) {
      const text = `another rule with this Identifier and Version stands at ${earlier.at}: raise the Version`
      return [{ entry: failed(entry, [{ severity: 'error', code: 'conflict', details: { text } }]) }]
    }
    known.set(name, { content, at })
    return artefacts(met, { entry, issues, canonical: reading.canonical })
  }

  return {
    async *read(file, form) {
      for (const item of readEuRules(file, form)) {
        if (item.kind === 'message') {
          for await (const each of opened(item, file.name, reading.trust)) yield* 'rule' in each ? take(each) : [each]
        } else if (item.kind === 'hash') {
          const entry = entryFor(item, file.name)
          wanted.push({ hash: item.hash, entry })
          yield { entry }
        } else {
          const met = metOf(item, file.name)
          yield* 'rule' in met ? take(met) : [met]
        }
      }
    },
    finish() {
      for (const { hash, entry } of wanted)
        Object.assign(
          entry,
          hashes.has(hash)
            ? { status: 'skipped', reason: 'a list of hashes; the rule itself is in this import' }
            : { status: 'failed', reason: 'the list names this rule by its hash, and no file of this import holds it' },
        )
      return wanted.map(({ entry }) => entry)
    },
  }
}

const tooMany = (text: string): Issue => ({ severity: 'error', code: 'too-long', details: { text } })

/** What a signed message comes to. */
async function* opened(
  { message, place, claims = {} }: Extract<EuRuleItem, { kind: 'message' }>,
  file: string,
  trust: EuRuleTrust | undefined,
): AsyncGenerator<Met | { entry: ImportEntry }> {
  const found = await openSignedRules(message, trust)
  const entry = entryFor({ place, claims }, file)
  if (typeof found === 'string') return yield { entry: { ...entry, reason: found } }
  const { content, signer, objection } = found
  let isEmpty = true
  for (const item of readSignedRules(content)) {
    isEmpty = false
    // Places in what was signed: nobody finds them in the file, but in the message that is opened.
    const met = metOf({ ...item, claims: { ...claims, ...item.claims } }, `${file} (signed content)`)
    yield 'rule' in met ? { ...met, signer, objection } : met
  }
  if (isEmpty) yield { entry: { ...entry, reason: 'what is signed holds no rule' } }
}

function metOf(item: EuRuleItem, file: string): Met | { entry: ImportEntry } {
  if (item.kind === 'rule')
    return { text: item.text, rule: item.rule, place: item.place, claims: item.claims ?? {}, file }
  const entry = entryFor(item, file)
  return { entry: { ...entry, reason: item.kind === 'fault' ? item.reason : 'it is no rule' } }
}

function entryFor({ place, claims }: Pick<EuRuleItem, 'place' | 'claims'>, file: string): ImportEntry {
  const name = [claims?.identifier, claims?.version].filter((each) => each !== undefined).join(' ')
  return { file, place: shownPlace(place), status: 'failed', ...(name === '' ? {} : { rule: printable(name) }) }
}

function entryOf({ rule, place, file, signer }: Met): ImportEntry {
  const name = [rule.Identifier, rule.Version].filter((each) => typeof each === 'string').join(' ')
  return {
    file,
    place: shownPlace(place),
    status: 'failed',
    ...(name === '' ? {} : { rule: printable(name) }),
    ...(signer === undefined ? {} : { signedBy: signer }),
  }
}

/** A name that a stranger gave: short, and nothing that moves a cursor. */
const printable = (name: string): string => name.slice(0, 80).replace(/[^\x20-\x7e]/g, '?')

function failed(entry: ImportEntry, issues: Issue[]): ImportEntry {
  const errors = issues.filter(isError)
  const reason = errors.map(({ details }) => details?.text ?? '').join('; ')
  return { ...entry, issues, reason }
}

/** What a list says of a rule must be what the rule says itself. */
function claimFaults({ rule, claims, ...met }: Met): Issue[] {
  const { identifier, version, country, validFrom, validTo } = claims
  const said: [member: string, claimed: string | undefined, isSame: (own: unknown) => boolean][] = [
    ['Identifier', identifier, (own) => own === identifier],
    ['Version', version, (own) => own === version],
    ['Country', country, (own) => own === country],
    ['ValidFrom', validFrom, (own) => isSameInstant(own, validFrom)],
    ['ValidTo', validTo, (own) => isSameInstant(own, validTo)],
  ]
  return said
    .filter(([member, claimed, isSame]) => claimed !== undefined && !isSame(rule[member]))
    .map(([member]): Issue => {
      const text = `${member} is another than the list says`
      return placed({ severity: 'error', code: 'invalid', details: { text }, expression: [`Rule.${member}`] }, met)
    })
}

const isSameInstant = (own: unknown, claimed: string | undefined): boolean =>
  own === claimed || (typeof own === 'string' && Date.parse(own) === Date.parse(claimed ?? ''))

function signerFaults({ rule, objection }: Met): Issue[] {
  const text = objection?.(typeof rule.Country === 'string' ? rule.Country : '(no Country)')
  return text === undefined ? [] : [{ severity: 'error', code: 'security', details: { text }, expression: ['Rule'] }]
}

/** An issue with the line and column of what it is about. */
function placed(issue: Issue, { text, place }: Pick<Met, 'text' | 'place'>): Issue {
  const [expression] = issue.expression ?? []
  if (expression === undefined) return issue
  const found = jsonPlaces(text.toString('utf8'), [expression]).get(expression) ?? beginning
  return { ...issue, diagnostics: shownPlace(placeWithin(place, found)) }
}

function artefacts(
  { rule, text }: Met,
  { entry, issues, canonical }: { entry: ImportEntry; issues: Issue[]; canonical: string },
): (Candidate | { entry: ImportEntry })[] {
  try {
    const base = canonical.replace(/\/+$/, '')
    const { library, planDefinition } = euRuleToFhir(rule, { base, ...ownRuleSystems, text })
    const told = issues.length > 0 ? { issues } : {}
    return [
      { resource: library, leansOn: [], entry: { ...entry, ...told } },
      { resource: planDefinition, leansOn: [library], entry: { ...entry } },
    ]
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return [{ entry: failed(entry, error.issues) }]
  }
}
