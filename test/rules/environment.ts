import { readFileSync } from 'node:fs'
import { parseCanonical } from '../../src/fhir/canonical.ts'
import { unprocessable } from '../../src/fhir/error.ts'
import type { Bundle, Library } from '../../src/fhir/types.ts'
import { createRules, type RuleEnvironment, type Rules, type RulesOptions } from '../../src/rules/rules.ts'

/** The corpora beside the project (support/shared.ts). */
export const corpora = new URL('../../../shared/corpora/', import.meta.url)

export function readCorpus(path: string): string {
  return readFileSync(new URL(path, corpora), 'utf8')
}

export function readBundle(name: string): Bundle {
  return JSON.parse(readCorpus(`structure-map/gdhcn-validator/${name}`)) as Bundle
}

/** A Library resource around a CQL text. */
export function cqlLibrary(cql: string, members: Partial<Library> = {}): Library {
  const [, quoted, plain] = /library\s+(?:"([^"]+)"|(\w+))/.exec(cql) ?? []
  const version = /library\s+\S+\s+version\s+'([^']+)'/.exec(cql)?.[1]
  const name = quoted ?? plain ?? 'Unnamed'
  return {
    resourceType: 'Library',
    url: `http://example.org/Library/${name}`,
    ...(version ? { version } : {}),
    name,
    status: 'active',
    type: { coding: [{ code: 'logic-library' }] },
    content: [{ contentType: 'text/cql', data: Buffer.from(cql).toString('base64') }],
    ...members,
  }
}

export interface TestEnvironment extends RuleEnvironment {
  libraries: Library[]
  derivedEntries: Map<string, string>
  /** Value set url → `system|code` members. */
  valueSets: Record<string, string[]>
  asked: { membership: string[]; expand: string[] }
}

/** A store in memory. */
export function testEnvironment(libraries: Library[] = [], valueSets: Record<string, string[]> = {}): TestEnvironment {
  const members = (canonical: string) => {
    const found = valueSets[canonical] ?? valueSets[parseCanonical(canonical).url]
    if (!found) throw unprocessable(`ValueSet ${canonical} is not known to this server`, 'not-found')
    return found.map((each) => each.split('|') as [string, string])
  }
  const environment: TestEnvironment = {
    libraries,
    valueSets,
    derivedEntries: new Map(),
    asked: { membership: [], expand: [] },
    findLibraries: async (url) => libraries.filter((each) => each.url === url),
    listLibraries: async () => [...libraries],
    async membership(canonical) {
      environment.asked.membership.push(canonical)
      const known = members(canonical)
      const includes = (code: string, system?: string) =>
        known.some(([s, c]) => c === code && (system === undefined || s === system))
      return Object.assign(includes, { systems: [...new Set(known.map(([system]) => system))] })
    },
    async expand(canonical) {
      environment.asked.expand.push(canonical)
      return members(canonical).map(([system, code]) => ({ system, code }))
    },
    derived: {
      get: async (kind, key) => environment.derivedEntries.get(`${kind} ${key}`),
      set: async (kind, key, value) => void environment.derivedEntries.set(`${kind} ${key}`, value),
    },
    revision: () => libraries.length,
  }
  return environment
}

/** Translations shared by all tests of a process: the translator's start is the dearest thing here. */
const translated = new Map<string, string>()

/** Rules over a store in memory; close them after the tests. */
export function testRules(environment: TestEnvironment, options?: RulesOptions): Rules {
  environment.derivedEntries = translated
  // Wide limits: a busy machine must not turn a test red. Tests of the limits give their own.
  return createRules(environment, { jobSeconds: 60, ...options })
}
