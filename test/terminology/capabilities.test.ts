import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CodeSystem } from '../../src/fhir/types.ts'
import type { CodeSystemProvider } from '../../src/terminology/code-system/code-system.ts'
import { createTerminology } from '../../src/terminology/terminology.ts'
import { largeOf } from './code-system/large/support.ts'
import { memorySource, parameters } from './support.ts'

const CS = 'http://example.org/CodeSystem/'
const concept = [{ code: 'a', concept: [{ code: 'b' }] }]
const system = (name: string, more: Partial<CodeSystem>): CodeSystem => ({
  resourceType: 'CodeSystem',
  id: name.replace(/\W/g, ''),
  url: name.includes(':') ? name : CS + name,
  version: '1',
  status: 'active',
  content: 'complete',
  ...more,
})

/** The resource of a large system: its concepts are elsewhere. */
const apart = (name: string) => system(name, { count: 2 })
const stored = [
  system('whole', { concept }),
  system('whole', { concept, version: '2' }),
  system('part', { content: 'fragment', concept }),
  system('http://loinc.org', { content: 'complete', concept, version: '1.0.0' }),
  system('http://snomed.info/sct', {
    content: 'fragment',
    concept,
    version: 'http://snomed.info/sct/900000000000207008/version/20240101',
  }),
  apart('large'),
  apart('lost'),
  apart('summary'),
  system('stub', { content: 'not-present' }),
  system('example', { content: 'example', concept }),
  system('supplement', { content: 'supplement', supplements: `${CS}whole`, concept }),
  system('urn:ietf:bcp:47', { content: 'not-present' }),
]

const large = largeOf({ ...apart('large'), concept })
const source = {
  ...memorySource(stored),
  largeCodeSystem: async ({ url }: CodeSystem): Promise<CodeSystemProvider | undefined> => {
    if (url === `${CS}lost`) throw new Error('the index file is gone')
    return url === `${CS}large` ? large : undefined
  },
}
const terminology = createTerminology(source, { now: () => new Date('2026-01-01T00:00:00Z'), uuid: () => 'x' })
const instance = { url: 'https://host.example/fhir', software: { name: 'vidimus', version: '9.9.9' } }

interface Capabilities {
  kind: string
  software?: { name: string; version: string }
  implementation?: { description: string; url: string }
  codeSystem: { uri: string; version?: { code?: string }[] }[]
}

const capabilities = async () => (await terminology.capabilities(instance)) as object as Capabilities

test('an instance names its software and itself (tcp-1, tcp-2, tcp-3)', async () => {
  const { kind, software, implementation } = await capabilities()
  assert.equal(kind, 'instance')
  assert.deepEqual(software, instance.software)
  assert.equal(implementation?.url, instance.url)
  assert.ok(implementation?.description)
})

test('only systems that answer are listed, each once, with the versions that they have', async () => {
  const { codeSystem } = await capabilities()
  const listed = Object.fromEntries(codeSystem.map(({ uri, version }) => [uri, version?.map(({ code }) => code)]))
  assert.equal(Object.keys(listed).length, codeSystem.length)
  const own = Object.entries(listed).filter(([uri]) => uri.startsWith(CS))
  assert.deepEqual(own, [
    [`${CS}large`, ['1']],
    [`${CS}part`, ['1']],
    [`${CS}whole`, ['1', '2']],
  ])
  assert.equal(listed['http://loinc.org'], undefined, 'the version of a package is none of LOINC')
  assert.ok('http://loinc.org' in listed)
  assert.equal(listed['http://snomed.info/sct']?.length, 1)
  assert.deepEqual(listed['http://unitsofmeasure.org'], ['2.2'])
  assert.equal(
    listed['urn:ietf:bcp:47'],
    undefined,
    'a resource that only says that a system exists has no version of it',
  )
})

test('what is listed answers, what is not does not', async () => {
  const { codeSystem } = await capabilities()
  const uris = new Set(codeSystem.map(({ uri }) => uri))
  for (const url of new Set(stored.map((each) => each.url ?? ''))) {
    const reply = await terminology
      .lookup(parameters({ system: url, code: url.startsWith('urn:') ? 'de' : 'a' }))
      .catch(() => undefined)
    assert.equal(reply !== undefined, uris.has(url), url)
  }
})
