/** What an artefact claims by its profiles is held against its content. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Library, Resource } from '../../../src/fhir/types.ts'
import { profileFaults } from '../../../src/publish/check/profiles.ts'
import { codeSystem, cqlLibrary, openPublishing, plan, valueSet } from '../support.ts'

const crmi = (name: string) => `http://hl7.org/fhir/uv/crmi/StructureDefinition/crmi-${name}`
const core = (name: string) => `http://hl7.org/fhir/StructureDefinition/${name}`
const whole = { title: 'T', description: 'D', experimental: false, publisher: 'P', date: '2026-01-01' }
const elm = { contentType: 'application/elm+json', data: 'e30=' }
const asset = { coding: [{ code: 'asset-collection' }] }
const entry = (resource: string) => ({ type: 'composed-of' as const, resource })
const { content: _content, ...bare } = cqlLibrary('Lib', '')
const manifest: Library = { ...bare, ...whole, type: asset, relatedArtifact: [entry('http://x.org/a|1')] }

/** Profile, resource, and the expressions of what it lacks; a `?` before one marks a warning. */
const cases: [string, Resource, string[]][] = [
  [crmi('shareablevalueset'), valueSet('a', whole), []],
  [`${crmi('shareablevalueset')}|1.0.0`, valueSet('a'), ['title', 'description', '?experimental', '?publisher']],
  [crmi('publishablevalueset'), valueSet('a', { ...whole, date: undefined as never }), ['date']],
  [crmi('shareablecodesystem'), codeSystem('a', ['x'], { ...whole, version: undefined as never }), ['version']],
  [crmi('shareableplandefinition'), plan('a', 'http://x.org/l', { ...whole, title: undefined as never }), ['title']],
  [crmi('computablevalueset'), valueSet('a', { compose: undefined as never }), ['compose']],
  [crmi('computablelibrary'), cqlLibrary('A', ''), []],
  [crmi('computablelibrary'), { ...cqlLibrary('A', ''), content: [elm] }, []],
  [crmi('computablelibrary'), { ...cqlLibrary('A', ''), content: [{ contentType: 'image/png' }] }, ['content']],
  [crmi('executablelibrary'), cqlLibrary('A', ''), ['content']],
  [crmi('executablelibrary'), { ...cqlLibrary('A', ''), content: [elm] }, []],
  [crmi('expandedvalueset'), valueSet('a'), ['expansion']],
  [crmi('expandedvalueset'), valueSet('a', { expansion: { timestamp: '2026-01-01', contains: [{ code: 'a' }] } }), []],
  [crmi('expandedvalueset'), valueSet('a', { expansion: { timestamp: '2026-01-01' } }), ['expansion']],
  [crmi('executablevalueset'), valueSet('a', { expansion: { timestamp: '2026-01-01', total: 0 } }), []],
  [crmi('manifestlibrary'), manifest, []],
  [
    crmi('manifestlibrary'),
    { ...manifest, type: { coding: [{ code: 'logic-library' }] } },
    ['type', 'relatedArtifact'],
  ],
  [crmi('manifestlibrary'), { ...manifest, relatedArtifact: [entry('http://x.org/a')] }, ['relatedArtifact']],
  [crmi('manifestlibrary'), { ...manifest, content: [elm] }, ['relatedArtifact']],
  [crmi('manifestlibrary'), { ...manifest, relatedArtifact: undefined as never }, ['relatedArtifact']],
  [crmi('shareablevalueset'), cqlLibrary('A', ''), ['meta.profile[0]']],
  [crmi('computablevalueset'), cqlLibrary('A', ''), ['meta.profile[0]']],
  [crmi('sharablevalueset'), valueSet('a', whole), ['?meta.profile[0]']],
  [crmi('anything'), valueSet('a', whole), ['?meta.profile[0]']],
  [core('shareablevalueset'), valueSet('a', whole), []],
  [core('shareablevalueset'), valueSet('a'), ['experimental', 'publisher', 'description']],
  [core('shareablevalueset'), codeSystem('a', ['x']), ['meta.profile[0]']],
  [
    core('shareablecodesystem'),
    codeSystem('a', ['x'], { ...whole, caseSensitive: undefined as never }),
    ['caseSensitive'],
  ],
  [core('shareablelibrary'), cqlLibrary('A', '', whole), []],
  [core('computableplandefinition'), plan('a', 'x', { library: undefined as never }), ['library']],
  [core('vitalsigns'), valueSet('a'), []],
  ['http://example.org/own', valueSet('a'), []],
]

describe('profiles', () => {
  for (const [profile, given, expected] of cases) {
    const resource = JSON.parse(JSON.stringify({ ...given, meta: { profile: [profile] } })) as Resource
    const type = resource.resourceType
    it(`${profile.split('/').pop()} of ${type}: ${expected.join(', ') || 'holds'}`, () => {
      const found = profileFaults(resource).map(({ severity, expression }) => {
        const place = expression?.[0]?.replace(`${type}.`, '')
        return `${severity === 'warning' ? '?' : ''}${place}`
      })
      assert.deepEqual(found, expected)
    })
  }
})

describe('publication', async () => {
  const { put } = await openPublishing()
  const claim = (id: string, more: object) =>
    ({ ...valueSet(id, more), meta: { profile: [crmi('shareablevalueset')] } }) as Resource
  it('refuses what does not hold, tells a draft, and stores what holds', async () => {
    const refused = await put(claim('claims', {}))
    assert.equal(refused.status, 422)
    assert.deepEqual(refused.body.issue[0].expression, ['ValueSet.title'])
    const draft = await put(claim('claims', { status: 'draft' }), { Prefer: 'return=OperationOutcome' })
    assert.equal(draft.status, 201)
    assert.ok(draft.body.issue.every(({ severity }: { severity: string }) => severity !== 'error'))
    assert.equal((await put(claim('claims', whole))).status, 200)
  })
  it('tells of a profile that is unknown', async () => {
    const resource = { ...valueSet('unknown', whole), meta: { profile: [crmi('sharablevalueset')] } }
    assert.match((await put(resource as Resource)).headers.warning ?? '', /no profile of CRMI/)
  })
})
