/** Names cannot be taken: what a published rule includes stays what it is, and no version or url looks like another. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Library, Parameters, Resource } from '../../src/fhir/types.ts'
import { nameFaults } from '../../src/publish/check/name.ts'
import { base, codeSystem, cqlLibrary, openPublishing, plan, textsOf, valueSet } from './support.ts'

const { put, patch, post, publish } = await openPublishing().then((opened) => ({
  ...opened,
  publish: opened.server.publish,
}))

const evaluate = async (name: string) => {
  const parameter = [{ name: 'url', valueCanonical: `${base}/Library/${name}|1.0.0` }]
  const { body } = await post('Library/$evaluate', { resourceType: 'Parameters', parameter })
  return (body as Parameters).parameter?.find((each) => each.name === 'Good')?.valueBoolean
}
/** The text of one library in the resource of another. */
const disguised = (as: Library, text: Library): Library => ({ ...as, content: text.content ?? [] })
const contentOf = (cql: string) => [{ contentType: 'text/cql', data: Buffer.from(cql).toString('base64') }]

describe('what a published rule includes', () => {
  const leaned = (yes: boolean, more: Partial<Library> = {}) => cqlLibrary('Leaned', `define Yes: ${yes}`, more)
  const user = cqlLibrary('User', "include Leaned version '1.0.0'\ndefine Good: Leaned.Yes")

  it('is not replaced by a text that gives itself that name elsewhere, active, draft or refused by an import', async () => {
    for (const each of [leaned(true), user]) assert.equal((await put(each)).status, 201)
    assert.equal(await evaluate('User'), true)
    const other = disguised(cqlLibrary('Other', ''), leaned(false))
    const answer = await put(other)
    assert.equal(answer.status, 422)
    assert.match(textsOf(answer.body), /calls itself Leaned\|1\.0\.0, the url ends in Other/)
    assert.equal((await put({ ...other, status: 'draft' })).status, 201)
    const admitted = await publish.admit(other)
    assert.ok(admitted.isRefused)
    assert.equal(await evaluate('User'), true)
  })
  it('stays when a later version is published', async () => {
    assert.equal((await put(leaned(false, { id: 'later', version: '9' }))).status, 201)
    assert.equal(await evaluate('User'), true)
  })
  it('is no draft of an active library that a text of a client includes', async () => {
    const middle = cqlLibrary('Middle', "include Leaned version '1.0.0'\ndefine Good: Leaned.Yes", { id: 'middle' })
    assert.equal((await put(middle)).status, 201)
    assert.equal((await put(leaned(true, { id: 'Leaned', status: 'retired' }))).status, 200)
    assert.equal(await evaluate('Middle'), undefined)
  })
  it('is not shared by two that say different things: the second is refused, and the first stays what is included', async () => {
    const one = cqlLibrary('Twice', 'define Yes: true')
    const needs = cqlLibrary('Needs', "include Twice version '1.0.0'\ndefine Good: Twice.Yes")
    for (const each of [one, needs]) assert.equal((await put(each)).status, 201)
    const rival = cqlLibrary('Twice', 'define Yes: false', { id: 'twice', url: 'http://example.org/elsewhere/Twice' })
    const refused = await put(rival)
    assert.equal(refused.status, 422)
    assert.match(textsOf(refused.body), /calls itself Twice\|1\.0\.0, too/)
    // As a draft it hides nothing.
    assert.equal((await put({ ...rival, status: 'draft' })).status, 201)
    assert.equal(await evaluate('Needs'), true)
    const published = await patch('Library/twice', [{ op: 'replace', path: '/status', value: 'active' }])
    assert.equal(published.status, 422)
  })

  it('may be shared in two namespaces: each is included by its own', async () => {
    const url = (namespace: string) => `http://example.org/${namespace}/Shared`
    const shared = (namespace: string, value: string) => ({
      ...cqlLibrary('Shared', '', { id: `shared-${namespace.toLowerCase()}`, url: url(namespace) }),
      content: contentOf(`library ${namespace}.FHIR.Shared version '1.0.0'\ndefine Yes: ${value}\n`),
    })
    for (const each of [shared('One', 'true'), shared('Two', 'false')]) {
      const stored = await put(each)
      assert.equal(stored.status, 201, textsOf(stored.body))
    }
    for (const [namespace, value] of [
      ['One', true],
      ['Two', false],
    ] as const) {
      const name = `Asks${namespace}`
      const asks = cqlLibrary(name, `include ${namespace}.FHIR.Shared version '1.0.0'\ndefine Good: Shared.Yes`)
      const asking = await put(asks)
      assert.equal(asking.status, 201, textsOf(asking.body))
      assert.equal(await evaluate(name), value)
      // From within a namespace its own libraries come first, without being named.
      const within = `Within${namespace}`
      const inner = {
        ...cqlLibrary(within, ''),
        content: contentOf(
          `library ${namespace}.FHIR.${within} version '1.0.0'\ninclude Shared version '1.0.0'\ndefine Good: Shared.Yes\n`,
        ),
      }
      const including = await put(inner)
      assert.equal(including.status, 201, textsOf(including.body))
      assert.equal(await evaluate(within), value)
    }
    const neither = await put(cqlLibrary('AsksNeither', "include Shared version '1.0.0'\ndefine Good: Shared.Yes"))
    assert.match(textsOf(neither.body), /stored more than once/)
    const both = "include One.FHIR.Shared version '1.0.0' called A\ninclude Two.FHIR.Shared version '1.0.0' called B"
    const together = await put(cqlLibrary('AsksBoth', `${both}\ndefine Good: A.Yes`))
    assert.match(textsOf(together.body), /cannot be included together/)
  })
})

describe('FHIRHelpers', () => {
  const header = (name: string) =>
    `library ${name} version '4.0.1'\nusing FHIR version '4.0.1'\ncontext Patient\ndefine function ToConcept(concept FHIR.CodeableConcept): null as System.Concept\n`
  const own = (name: string, text: string): Library => ({
    ...cqlLibrary(name, '', { id: name.toLowerCase(), version: '4.0.1' }),
    content: contentOf(header(text)),
  })

  it('of another url is refused, and a draft is told', async () => {
    for (const text of ['FHIRHelpers', '"FHIRHelpers"', 'org.hl7.FHIRHelpers']) {
      const refused = await put(own('MyHelpers', text))
      assert.equal(refused.status, 422, text)
      assert.match(textsOf(refused.body), /calls itself FHIRHelpers\|4\.0\.1, the url ends in MyHelpers/)
    }
    const draft = await put({ ...own('MyHelpers', 'FHIRHelpers'), status: 'draft' })
    assert.equal(draft.status, 201)
  })
  it('of its own url is stored and told that no rule includes it', async () => {
    const rule = cqlLibrary(
      'Converts',
      "define Good: FHIRHelpers.ToConcept(FHIR.CodeableConcept { text: FHIR.string { value: 'x' } }) is not null",
    )
    const stored = await put(rule)
    assert.equal(stored.status, 201, textsOf(stored.body))
    const before = await evaluate('Converts')
    assert.equal(before, true)
    const { status, headers, body } = await put(own('FHIRHelpers', 'FHIRHelpers'))
    assert.equal(status, 201, textsOf(body))
    assert.match(headers.warning ?? '', /get the one of this server/)
    assert.equal(await evaluate('Converts'), before)
  })
})

describe('versions and urls that hide something', () => {
  const kinds: [string, (more: object) => Resource][] = [
    ['Library', (more) => cqlLibrary('Named', 'define A: true', { ...more, status: 'active' })],
    ['PlanDefinition', (more) => plan('named', `${base}/Library/User|1.0.0`, more)],
    ['CodeSystem', (more) => codeSystem('named', ['a'], more)],
    ['ValueSet', (more) => valueSet('named', more)],
    ['StructureDefinition', (more) => ({ ...valueSet('named', more), resourceType: 'StructureDefinition' }) as never],
  ]
  const versions = [
    '1.0.0 ',
    ' 1.0.0',
    '1.0.0\u00a0',
    '1.0.0|2',
    '1.\u200b0',
    '1.0\u202e',
    '1\u0000',
    '1.0.0\ufe0f',
    '１.0',
    '-1',
  ]
  const names = ['a b', 'a\u00a0', 'a\u200b', 'a\u202eb', 'a|b', 'a|1.0.0|1.0.0', 'a|2.0.0', 'a\n', 'a\u3164']
  for (const [type, make] of kinds) {
    it(`${type}: none of them is without fault`, () => {
      for (const version of versions) {
        const [fault] = nameFaults(make({ version }))
        assert.deepEqual(fault?.expression, [`${type}.version`], JSON.stringify(version))
        assert.match(fault?.details?.text ?? '', /^[ -~]*$/, 'what is not seen is told visibly')
      }
      for (const name of names) {
        const [fault] = nameFaults(make({ url: `${base}/${type}/${name}`, version: '1.0.0' }))
        assert.deepEqual(fault?.expression, [`${type}.url`], JSON.stringify(name))
      }
    })
    it(`${type}: good ones are`, () => {
      for (const version of ['1', '1.0.0', '2024-01-01', '1.0.0-rc.1+build_2', 'v'.repeat(64)])
        assert.deepEqual(nameFaults(make({ version })), [])
      assert.deepEqual(nameFaults(make({ version: 'v'.repeat(65) })).length, type === 'CodeSystem' ? 0 : 1)
      assert.deepEqual(nameFaults(make({ url: `${base}/x|1.0.0`, version: '1.0.0' })), [], 'as WHO publishes them')
    })
  }
  it('code systems have the versions of their authorities', () => {
    const versions = ['http://snomed.info/sct/900000000000207008/version/20240101', '07/14/2020', 'May 2021 Edition']
    for (const version of versions) assert.deepEqual(nameFaults(codeSystem('c', [], { version })), [])
  })
  it('active ones are refused, drafts stored and told, imports made drafts', async () => {
    for (const more of [{ version: '1.0.0\u00a0' }, { url: `${base}/ValueSet/a\u200b` }]) {
      const given = valueSet('hides', more)
      const refused = await put(given)
      assert.equal(refused.status, 422)
      assert.match(textsOf(refused.body), /\\u00a0|\\u200b/)
      const { isRefused, resource } = await publish.admit(given)
      assert.ok(isRefused)
      assert.equal((resource as { status?: string }).status, 'draft')
      const draft = await put({ ...given, status: 'draft' })
      assert.ok(draft.status === 201 || draft.status === 200)
      assert.match(draft.headers.warning ?? '', /^199/)
    }
  })
})
