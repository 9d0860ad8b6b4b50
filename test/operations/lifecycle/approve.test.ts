/** `$approve` and `$review`. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bundle, Resource } from '../../../src/fhir/types.ts'
import { textsOf } from '../../publish/support.ts'
import { assetLibrary, openLifecycle, resourcesOf, valueSet } from './support.ts'

const { put, get, call } = await openLifecycle()
const crmi = 'http://hl7.org/fhir/uv/crmi/StructureDefinition'
type Basic = Extract<Resource, { resourceType: 'Basic' }>
const extensionsOf = (basic: Basic, name: string) =>
  (basic.extension ?? []).filter(({ url }) => url === `${crmi}/crmi-artifactAssessment${name}`)
const all = {
  artifactAssessmentType: 'comment',
  artifactAssessmentSummary: 'Well made',
  artifactAssessmentTarget: 'http://example.org/publish/Library/assessed|1.0.0',
  artifactAssessmentRelatedArtifact: 'http://example.org/minutes',
  artifactAssessmentAuthor: { display: 'Ministry of Health' },
}

const kinds = [
  { name: 'approve', date: 'approvalDate', element: 'approvalDate', extension: 'ApprovalDate' },
  { name: 'review', date: 'reviewDate', element: 'lastReviewDate', extension: 'LastReviewDate' },
]

for (const { name, date, element, extension } of kinds)
  describe(`$${name}`, () => {
    it('of a draft sets its date, and makes an assessment of all parameters', async () => {
      await put(assetLibrary('assessed', []))
      const { status, body } = await call(`Library/assessed/$${name}`, { ...all, [date]: '2026-03-04' })
      assert.equal(status, 200, JSON.stringify(body))
      const [library, basic] = resourcesOf(body) as [Record<string, unknown>, Basic]
      assert.equal(library[element], '2026-03-04')
      assert.equal(library.status, 'draft')
      assert.deepEqual(basic.author, all.artifactAssessmentAuthor)
      assert.deepEqual(extensionsOf(basic, extension)[0]?.valueDate, '2026-03-04')
      const [named, at] = extensionsOf(basic, 'Artifact')
      assert.equal(named?.valueCanonical, all.artifactAssessmentTarget)
      assert.match(at?.valueReference?.reference ?? '', /^Library\/assessed\/_history\/\d+$/)
      assert.deepEqual(
        extensionsOf(basic, 'Content')[0]?.extension?.map(({ url }) => url),
        ['informationType', 'summary', 'relatedArtifact', 'author'],
      )
      assert.deepEqual((await get(`Basic/${basic.id}`)).status, 200)
    })
    it('of what is active makes the assessment alone', async () => {
      await put(valueSet(`active-${name}`))
      const { status, body } = await call(`ValueSet/active-${name}/$${name}`, { artifactAssessmentSummary: 'Good' })
      assert.equal(status, 200, JSON.stringify(body))
      assert.match(textsOf(body.entry[0].response.outcome), /does not change/)
      assert.equal((await get(`ValueSet/active-${name}`)).body.meta.versionId, '1')
      assert.equal(body.entry[1].response.status, '201 Created')
      const again = await call(`ValueSet/active-${name}/$${name}`, { artifactAssessmentSummary: 'Good' })
      assert.equal(again.body.entry[1].response.status, '200 OK', 'said once')
    })
    const bad: [string, Record<string, string | object>, number][] = [
      ['a kind that nobody knows', { artifactAssessmentType: 'praise' }, 422],
      ['another target', { artifactAssessmentTarget: 'http://example.org/publish/Library/assessed|2' }, 422],
      ['a target without version', { artifactAssessmentTarget: 'http://example.org/publish/Library/assessed' }, 422],
      ['an author who is nobody', { artifactAssessmentAuthor: {} }, 400],
      ['a date that is none', { [date]: '2026-02-31' }, 422],
      [
        'the date of the other operation',
        { [date === 'reviewDate' ? 'approvalDate' : 'reviewDate']: '2026-01-01' },
        400,
      ],
    ]
    for (const [what, given, status] of bad)
      it(`refuses ${what}`, async () => {
        await put(assetLibrary('assessed', []))
        const before = (await get('Library/assessed')).body.meta.versionId
        const reply = await call(`Library/assessed/$${name}`, given)
        assert.equal(reply.status, status, JSON.stringify(reply.body))
        assert.equal((await get('Library/assessed')).body.meta.versionId, before)
      })
    it('is answered to be signed, and stored as it was answered', async () => {
      const id = `signed-${name}`
      await put(assetLibrary(id, []))
      const given = { artifactAssessmentSummary: 'Seen' }
      const prepared = await call(`Library/${id}/$${name}`, { ...given, prepareOnly: true })
      assert.equal(prepared.status, 200, JSON.stringify(prepared.body))
      const token = String((prepared.body as Bundle).identifier?.value)
      const done = await call(`Library/${id}/$${name}`, { ...given, prepared: token })
      assert.equal(done.status, 200, JSON.stringify(done.body))
      const kept = (body: unknown) =>
        resourcesOf(body)
          .filter(({ resourceType }) => resourceType !== 'Binary')
          .map(({ meta: _meta, ...rest }) => rest)
      assert.deepEqual(kept(done.body), kept(prepared.body))
    })
  })
