/** Gives the endpoints of the EU Digital COVID Certificate what they serve: rules, value sets, countries and the key, as they stand. */

import { setImmediate } from 'node:timers/promises'
import { derSignature } from '../base/crypto/ecdsa-signature.ts'
import { participantAlpha2 } from '../base/participant-codes.ts'
import type { FindDocument } from '../base/public-document.ts'
import { artefactCanonical, isForeignRule, mirroredFrom, statusOf } from '../fhir/artefact.ts'
import { formatCanonical } from '../fhir/canonical.ts'
import { FhirError } from '../fhir/error.ts'
import type { Library, PlanDefinition, ValueSet } from '../fhir/types.ts'
import { type EuCode, readEuValueSet, writeEuValueSet } from '../gateway/legacy/eu-value-set.ts'
import { createLegacy } from '../gateway/legacy/legacy.ts'
import { type RuleText, readRuleText } from '../gateway/legacy/rule-text.ts'
import type { ListSigner } from '../gateway/legacy/signature.ts'
import type { PendingContent } from '../publish/base-content/pending.ts'
import { certLogicText } from '../rules/certlogic/certlogic.ts'
import { ruleTypes } from '../storage/by-revision.ts'
import { listAll, listUsable } from '../storage/find-artefacts.ts'
import type { Storage } from '../storage/storage.ts'
import type { Terminology } from '../terminology/terminology.ts'
import type { Trust } from '../trust/trust.ts'
import { type EuValueSets, euValueSetText } from './eu-value-sets.ts'

/** Texts read before others have a turn. */
const perTurn = 100

/** A key of this server, as far as lists are signed by it. */
interface Signing {
  keyId: string
  algorithm: string
  publicKey: { export(options: { type: 'spki'; format: 'der' }): Buffer }
  sign(bytes: Uint8Array): Promise<Buffer>
}

/** What the endpoints take of the server. */
export interface LegacyParts {
  /** With copies guarded: those that may not be run are told apart. */
  storage: Storage
  terminology: Pick<Terminology, 'expand'>
  pending: Pick<PendingContent, 'epoch'>
  trust: Pick<Trust, 'keys'>
  valueSets: EuValueSets
  /** The key that signs now. */
  signingKey(): Signing | undefined
  /** Tells the operator. */
  tell(text: string): void
}

/** Finds what lies at the addresses of the endpoints. */
export function legacyDocuments(given: LegacyParts): FindDocument {
  const { storage, trust, pending } = given
  const told = new Set<string>()
  const tell = (text: string) => {
    // Lists are made anew after every publication.
    if (told.has(text)) return
    told.add(text)
    given.tell(text)
  }
  const parts = { ...given, tell }
  return createLegacy({
    state: () => [storage.revision(ruleTypes) + pending.epoch(), trust.keys(), parts.signingKey()?.keyId],
    content: async () => ({
      valueSets: await valueSetTexts(parts),
      rules: await ruleTexts(parts),
      countries: countries(trust),
    }),
    signer: () => listSigner(parts.signingKey()),
  })
}

/** Only P-256 with SHA-256 is what clients verify. */
function listSigner(key: Signing | undefined): ListSigner | undefined {
  if (key?.algorithm !== 'ES256') return undefined
  return {
    keyId: key.keyId,
    publicKey: key.publicKey.export({ type: 'spki', format: 'der' }),
    sign: async (bytes) => derSignature(await key.sign(bytes)),
  }
}

function countries(trust: LegacyParts['trust']): string[] {
  return [...new Set(trust.keys().keys.map(({ participant }) => participant))].flatMap(
    (participant) => participantAlpha2(participant) ?? [],
  )
}

/** Texts of the rules that are in force: of every active Library of an EU rule, unless rule sets lean on it and none of them is active. */
async function ruleTexts({ storage }: LegacyParts): Promise<RuleText[]> {
  // Of copies only what may be run here is handed on.
  const isServed = (resource: Library | PlanDefinition) => statusOf(resource) === 'active' && !isForeignRule(resource)
  const plans = await listAll(storage, 'PlanDefinition')
  // Whether a library is in force is said by rule sets of whoever publishes it: nobody withdraws what is another's.
  const byPublisher = Map.groupBy(plans, mirroredFrom)
  const named = new Map(
    [...byPublisher].map(([publisher, own]) => [
      publisher,
      {
        withdrawn: libraryNames(own.filter((each) => !isServed(each))),
        inForce: libraryNames(own.filter(isServed)),
      },
    ]),
  )
  const libraries = (await listUsable(storage, 'Library')).filter(isServed)
  const rules: RuleText[] = []
  for (const [index, library] of libraries.entries()) {
    if (index % perTurn === perTurn - 1) await setImmediate()
    const own = named.get(mirroredFrom(library))
    if (own && isNamed(library, own.withdrawn) && !isNamed(library, own.inForce)) continue
    const text = certLogicText(library)
    const rule = text === undefined ? 'no CertLogic' : readRuleText(text)
    if (typeof rule !== 'string') rules.push(rule)
  }
  return rules
}

/** Canonicals of the libraries that rule sets name, with and without version. */
function libraryNames(plans: readonly PlanDefinition[]): ReadonlySet<string> {
  const ofActions = (actions: PlanDefinition['action'] = []): string[] =>
    actions.flatMap(({ condition = [], action }) => [
      ...condition.flatMap(({ expression }) => expression?.reference ?? []),
      ...ofActions(action),
    ])
  return new Set(plans.flatMap(({ library = [], action }) => [...library, ...ofActions(action)]))
}

function isNamed(library: Library, canonicals: ReadonlySet<string>): boolean {
  const { url, version } = artefactCanonical(library) ?? {}
  return url !== undefined && (canonicals.has(url) || canonicals.has(formatCanonical(url, version)))
}

/** One that cannot be expanded now is not listed, as rules that look into it fail; the others are. @throws FhirError 5xx */
async function valueSetTexts({ terminology, valueSets, tell }: LegacyParts): Promise<Map<string, Buffer>> {
  const texts = new Map<string, Buffer>()
  for (const [id, valueSet] of await valueSets.all()) {
    try {
      texts.set(id, await textOf(id, valueSet, terminology))
    } catch (error) {
      if (!(error instanceof FhirError) || error.status >= 500) throw error
      tell(`value set ${id} is not served to apps: ${error.message}`)
    }
  }
  return texts
}

/** The text that its publisher wrote, where it says what the ValueSet says; else one that is made of the ValueSet. */
async function textOf(id: string, valueSet: ValueSet, terminology: LegacyParts['terminology']): Promise<Buffer> {
  const codes = await codesOf(valueSet, terminology)
  const text = euValueSetText(valueSet)
  const read = text && readEuValueSet(text)
  if (text && typeof read === 'object' && read.id === id && isSameCodes(read.codes, codes)) return text
  return writeEuValueSet({ id, date: (valueSet.date ?? '').slice(0, 10), codes })
}

async function codesOf(valueSet: ValueSet, terminology: LegacyParts['terminology']): Promise<EuCode[]> {
  const { expansion } = await terminology.expand({
    resourceType: 'Parameters',
    parameter: [
      { name: 'valueSet', resource: valueSet },
      { name: 'excludeNested', valueBoolean: true },
    ],
  })
  const lang = valueSet.language ?? 'en'
  return (expansion?.contains ?? []).flatMap(({ code, system = '', display = '', inactive = false, version = '' }) =>
    code === undefined ? [] : [{ code, display, lang, active: !inactive, system, version }],
  )
}

function isSameCodes(a: readonly EuCode[], b: readonly EuCode[]): boolean {
  const known = new Set(b.map(({ system, code }) => `${system}|${code}`))
  return known.size === a.length && a.every(({ system, code }) => known.has(`${system}|${code}`))
}
