/** Copies of what others publish: read by everybody, written by nobody, never in the place of our own, never run unasked. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Library, PlanDefinition, Resource, ValueSet } from '../../src/fhir/types.ts'
import { importPackage } from '../../src/publish/import/import-package.ts'
import { jsonOf } from '../support/mirror-bed.ts'
import { base, type MirrorServer, openMirrorServer } from '../support/mirror-server.ts'
import { ruleLibrary, rulePlan, specimen } from '../support/verdicts.ts'
import { textsOf } from './support.ts'

const mirrored = {
  system: 'http://vidimus.org/fhir/CodeSystem/mirrored',
  code: 'XXA',
  display: 'Copy of what XXA publishes',
}

const valueSet = (name: string, code: string, change: Partial<ValueSet> = {}): ValueSet => ({
  resourceType: 'ValueSet',
  id: name,
  url: `${base}/ValueSet/${name}`,
  version: '1.0.0',
  status: 'active',
  compose: { include: [{ system: 'http://example.org/colours', concept: [{ code }] }] },
  ...change,
})

/** A server that mirrors two participants and runs the rules of neither. */
let at: MirrorServer
before(async () => {
  at = await openMirrorServer([{ participant: 'XXA' }, { participant: 'XXB' }], { DRAFTS: 'public' })
})
after(() => at.close())

describe('copies', () => {
  const codeOf = async (url: string) => {
    const { body } = await at.get(`ValueSet/$expand?url=${encodeURIComponent(url)}`)
    return body.expansion?.contains?.[0]?.code ?? body.issue?.[0]?.code
  }

  describe('are written by nobody:', () => {
    let copy: Resource
    let path = ''
    before(async () => {
      copy = await at.publish(valueSet('read-only', 'red'))
      path = `ValueSet/${copy.id}`
    })
    after(async () => assert.deepEqual((await at.get(path)).body.status, 'active'))
    const tries: [what: string, run: () => Promise<{ status: number; body: object }>][] = [
      ['PUT', async () => at.send('put', path, valueSet('read-only', 'black', { id: String(copy.id) }))],
      [
        'PUT of the same with another title',
        async () => at.send('put', path, { ...copy, title: 'mine', meta: undefined }),
      ],
      ['DELETE', async () => at.send('delete', path)],
      [
        'PATCH',
        async () =>
          at.send('patch', path, [{ op: 'replace', path: '/status', value: 'retired' }], 'application/json-patch+json'),
      ],
      [
        'a transaction',
        async () =>
          at.send('post', '', transaction('PUT', path, valueSet('read-only', 'black', { id: String(copy.id) }))),
      ],
      ['a transaction that deletes', async () => at.send('post', '', transaction('DELETE', path))],
    ]
    for (const [what, run] of tries)
      it(what, async () => {
        const { status, body } = await run()
        assert.equal(status, 403, JSON.stringify(body))
        assert.match(textsOf(body), /copy of what XXA publishes/)
      })
    it('nor is the record of where they come from', async () => {
      const { body } = await at.get(`Provenance?target=${path}`)
      const [entry] = body.entry
      assert.equal((await at.send('delete', `Provenance/${entry.resource.id}`)).status, 403)
    })
    for (const [what, run] of [
      ['PUT', (made: Resource) => at.send('put', `ValueSet/${made.id}`, made)],
      ['POST', (made: Resource) => at.send('post', 'ValueSet', made)],
    ] as const)
      it(`and nobody makes one by ${what}`, async () => {
        const { status, body } = await run(valueSet('forged', 'red', { meta: { tag: [mirrored] } }))
        assert.equal(status, 422)
        assert.match(textsOf(body), /tag/)
      })
    it('a condition means what is published here', async () => {
      const condition = `ValueSet?url=${encodeURIComponent(`${base}/ValueSet/read-only`)}`
      assert.equal((await at.send('delete', condition)).status, 204)
      const { id: _, ...mine } = valueSet('read-only', 'green')
      assert.equal((await at.send('put', condition, mine)).status, 201)
      assert.equal((await at.send('put', condition, { ...mine, title: 'green' })).status, 422)
      assert.equal((await at.get(path)).body.compose.include[0].concept[0].code, 'red')
    })
  })

  describe('take no name from our own:', () => {
    it('not under the same version, whichever came first', async () => {
      const copy = await at.publish(valueSet('first', 'red'))
      const url = `${base}/ValueSet/first`
      assert.equal(await codeOf(url), 'red')
      const { id: _, ...mine } = valueSet('first', 'blue')
      assert.equal((await at.send('post', 'ValueSet', mine)).status, 201)
      assert.deepEqual([await codeOf(url), await codeOf(`${url}|1.0.0`)], ['blue', 'blue'])
      const bySource = await at.get(`ValueSet?_source=${encodeURIComponent(String(copy.meta?.source))}`)
      assert.deepEqual(
        bySource.body.entry.map((each: { resource: Resource }) => each.resource.id),
        [copy.id],
      )
      const byTag = await at.get(
        `ValueSet?url=${encodeURIComponent(url)}&_tag=${encodeURIComponent(`${mirrored.system}|XXA`)}`,
      )
      assert.deepEqual(
        byTag.body.entry.map((each: { resource: Resource }) => each.resource.id),
        [copy.id],
      )
    })
    it('not by a higher version, which is found by its source alone', async () => {
      const url = `${base}/ValueSet/higher`
      assert.equal((await at.send('put', 'ValueSet/higher', valueSet('higher', 'blue'))).status, 201)
      await at.publish(valueSet('higher', 'red', { version: '99.0.0' }))
      assert.deepEqual([await codeOf(url), await codeOf(`${url}|99.0.0`)], ['blue', 'not-found'])
    })
    it('not from one that is retired, or a draft', async () => {
      for (const status of ['retired', 'draft'] as const) {
        assert.equal(
          (await at.send('put', `ValueSet/own-${status}`, valueSet(`own-${status}`, 'blue', { status }))).status,
          201,
        )
        await at.publish(valueSet(`own-${status}`, 'red'))
        assert.notEqual(await codeOf(`${base}/ValueSet/own-${status}`), 'red')
      }
    })
    it('not from the content that the software brings along', async () => {
      const url = 'http://vidimus.org/fhir/ValueSet/certificate-kind'
      const [own] = await at.bed.raw.findCanonical('ValueSet', url)
      const shipped =
        own ??
        (await at.bed.raw.search({ type: 'ValueSet', conditions: [], sort: [], count: 1, total: 'none' })).matches[0]
          ?.resource
      assert.ok(shipped && 'url' in shipped)
      await at.publish({ ...valueSet('shipped', 'red'), url: String(shipped.url), version: '999.0.0' })
      assert.notEqual(await codeOf(String(shipped.url)), 'red')
    })
    it('and none from another participant', async () => {
      const url = `${base}/ValueSet/third`
      await at.publish(valueSet('third', 'red'))
      await at.publish(valueSet('third', 'black'), { by: 'XXB' })
      await at.publish(valueSet('third', 'black', { version: '2.0.0' }), { by: 'XXB' })
      assert.deepEqual([await codeOf(url), await codeOf(`${url}|1.0.0`)], ['red', 'red'])
      assert.equal((await at.bed.copies('ValueSet', url)).length, 3)
      await at.publish(valueSet('third', 'orange', { version: '1.1.0' }))
      assert.equal(await codeOf(url), 'orange')
    })
    it('what is published here under their version may have other content, and changes no more then', async () => {
      await at.publish(valueSet('version', 'red'))
      assert.equal((await at.send('put', 'ValueSet/version', valueSet('version', 'blue'))).status, 201)
      assert.equal((await at.send('put', 'ValueSet/version', valueSet('version', 'green'))).status, 422)
    })
    it('and are no publications of this server, which vouches for its own alone', async () => {
      const copy = await at.publish(valueSet('vouched', 'red'))
      const published = await at.bed.server.storage.publications()
      assert.ok(published.length > 0)
      assert.ok(published.every(({ id, url }) => id !== copy.id && !url.endsWith('/vouched')))
    })
    it('an import of the same artefact makes one of our own', async () => {
      const copy = await at.publish(valueSet('imported', 'red'))
      const bytes = jsonOf({ ...valueSet('imported', 'blue'), id: String(copy.id) })
      const { storage, publish } = at.bed.server
      const report = await importPackage({ bytes, name: 'ValueSet-imported.json' }, { storage, gate: publish })
      assert.deepEqual(
        report.entries.map(({ status }) => status),
        ['loaded'],
      )
      assert.equal(await codeOf(`${base}/ValueSet/imported`), 'blue')
      assert.equal((await at.bed.copies('ValueSet', `${base}/ValueSet/imported`)).length, 1)
    })
  })
})

const transaction = (method: string, url: string, resource?: object) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [{ request: { method, url }, ...(resource ? { resource } : {}) }],
})

// ---------- rules ----------

const vaccination = specimen('dcc-v')
const inSwitzerland = { name: 'jurisdiction', valueCode: 'CH' }
const switzerland = { jurisdiction: [{ coding: [{ system: 'urn:iso:std:iso:3166', code: 'CH' }] }] }
const foreignLibrary = ruleLibrary('Foreign', 'context Patient\ndefine Good: true\ndefine Bad: false')
const foreignPlan: PlanDefinition = rulePlan('Foreign', ['Good'], {
  ...switzerland,
  library: [canonicalOf(foreignLibrary)],
})

function canonicalOf({ url, version }: Library | PlanDefinition): string {
  return `${url}|${version}`
}
const isForeign = ({ planDefinition, library }: { planDefinition: string; library: string }) =>
  `${planDefinition} ${library}`.includes('/Foreign')

/** A plan of our own, and one of the same address with a higher version by another. */
async function publishOwnAndHigher(at: MirrorServer): Promise<void> {
  const own = rulePlan('Mine', ['Bad'], switzerland)
  const rules = ruleLibrary('Rules', 'context Patient\ndefine Bad: false')
  for (const each of [rules, own]) assert.ok((await at.send('put', `${each.resourceType}/${each.id}`, each)).ok)
  await at.publish({
    ...own,
    id: 'other',
    version: '99.0.0',
    library: foreignPlan.library!,
    action: foreignPlan.action!,
  })
}

describe('rules of others', () => {
  let plan: Resource
  let library: Resource
  before(async () => {
    library = await at.publish(foreignLibrary)
    plan = await at.publish(foreignPlan)
    assert.deepEqual(
      [plan, library].map((each) => 'status' in each && each.status),
      ['active', 'active'],
    )
  })

  it('are not selected', async () => {
    const { rules, decision } = await at.ask(vaccination, inSwitzerland)
    assert.deepEqual(rules.filter(isForeign), [])
    assert.notEqual(decision, undefined)
  })
  it('are not run by name, with a version or without, and nothing is accepted then', async () => {
    for (const valueCanonical of [String(foreignPlan.url), canonicalOf(foreignPlan)]) {
      const verdict = await at.ask(vaccination, { name: 'planDefinition', valueCanonical })
      assert.notEqual(verdict.decision, 'accepted', verdict.text)
      assert.ok(verdict.rules.every(({ result }) => result !== true))
    }
  })
  it('are not run as a library that is named', async () => {
    for (const valueCanonical of [String(foreignLibrary.url), canonicalOf(foreignLibrary)]) {
      const verdict = await at.ask(
        vaccination,
        { name: 'library', valueCanonical },
        { name: 'expression', valueString: 'Good' },
      )
      assert.notEqual(verdict.decision, 'accepted', verdict.text)
      assert.ok(verdict.rules.every(({ result }) => result !== true))
    }
  })
  it('are not included by a library of our own', async () => {
    const including = ruleLibrary(
      'Including',
      `include Foreign version '${foreignLibrary.version}' called F\ncontext Patient\ndefine Good: F.Good`,
    )
    await at.send('put', `Library/${including.id}`, { ...including, status: 'draft' })
    const verdict = await at.ask(
      vaccination,
      { name: 'library', valueCanonical: canonicalOf(including) },
      { name: 'expression', valueString: 'Good' },
    )
    assert.notEqual(verdict.decision, 'accepted', verdict.text)
    assert.ok(verdict.rules.every(({ result }) => result !== true))
  })
  it('are not run by a plan of our own that names their library', async () => {
    const own = rulePlan('Borrowing', ['Good'], { library: [canonicalOf(foreignLibrary)], status: 'draft' })
    assert.ok((await at.send('put', `PlanDefinition/${own.id}`, own)).ok)
    const verdict = await at.ask(vaccination, { name: 'planDefinition', valueCanonical: canonicalOf(own) })
    assert.notEqual(verdict.decision, 'accepted', verdict.text)
    assert.ok(verdict.rules.every(({ result }) => result !== true))
  })
  it('are not run by their id', async () => {
    const parameter = [{ name: 'credential', valueString: vaccination }]
    for (const path of [`PlanDefinition/${plan.id}/$evaluate`, `Library/${library.id}/$evaluate`]) {
      const { status, body } = await at.send('post', path, { resourceType: 'Parameters', parameter })
      assert.equal(status, 422, JSON.stringify(body))
      assert.match(textsOf(body), /not run here unless the configuration names/)
    }
    const { status } = await at.send('post', 'Library/$evaluate', {
      resourceType: 'Parameters',
      parameter: [{ name: 'url', valueCanonical: canonicalOf(foreignLibrary) }],
    })
    assert.ok(status >= 400)
  })
  it('do not take the place of our own by a higher version', async () => {
    await publishOwnAndHigher(at)
    const verdict = await at.ask(vaccination, inSwitzerland)
    assert.deepEqual(
      verdict.rules.filter(({ planDefinition }) => planDefinition.includes('/Mine')).map(({ result }) => result),
      [false],
    )
    assert.notEqual(verdict.decision, 'accepted')
  })
})

describe('rules of a supplier that the configuration names', () => {
  let at: MirrorServer
  before(async () => {
    at = await openMirrorServer([{ participant: 'XA', runRules: true }, { participant: 'XXB' }])
    await at.publish(foreignLibrary)
    await at.publish(foreignPlan)
  })
  after(() => at.close())
  it('are selected and run', async () => {
    const verdict = await at.ask(vaccination, inSwitzerland)
    assert.deepEqual(
      verdict.rules.filter(isForeign).map(({ result }) => result),
      [true],
    )
    const named = await at.ask(vaccination, { name: 'planDefinition', valueCanonical: canonicalOf(foreignPlan) })
    assert.equal(named.decision, 'accepted', named.text)
  })
  it('but not those of another participant beside him', async () => {
    const other = rulePlan('Other', ['Good'], { ...switzerland, library: [canonicalOf(foreignLibrary)] })
    await at.publish(other, { by: 'XXB' })
    const verdict = await at.ask(vaccination, inSwitzerland)
    assert.ok(verdict.rules.every(({ planDefinition }) => !planDefinition.includes('/Other')))
  })
  it('and take no name of a library of ours, by which others of ours include or name it', async () => {
    const common = ruleLibrary('Common', 'context Patient\ndefine Good: false')
    const including = ruleLibrary(
      'Including',
      "include Common version '1' called C\ncontext Patient\ndefine Good: C.Good",
    )
    for (const each of [common, including]) assert.ok((await at.send('put', `Library/${each.id}`, each)).ok)
    const his = ruleLibrary('Common', 'context Patient\ndefine Good: true', { version: '99' })
    const copy = await at.publish({ ...his, id: 'his', url: `${base}/Library/Common` })
    assert.equal('status' in copy && copy.status, 'active')
    const plans = [
      rulePlan('Names', ['Good'], { library: ['Common'] }),
      rulePlan('Includes', ['Good'], { library: [canonicalOf(including)] }),
    ]
    for (const plan of plans) {
      const draft: PlanDefinition = { ...plan, status: 'draft' }
      assert.ok((await at.send('put', `PlanDefinition/${plan.id}`, draft)).ok)
      const verdict = await at.ask(vaccination, { name: 'planDefinition', valueCanonical: canonicalOf(plan) })
      assert.deepEqual(
        verdict.rules.map(({ result }) => result),
        [false],
        verdict.text,
      )
    }
  })
  it('and not in the place of our own', async () => {
    await publishOwnAndHigher(at)
    const verdict = await at.ask(vaccination, inSwitzerland)
    assert.deepEqual(
      verdict.rules.filter(({ planDefinition }) => planDefinition.includes('/Mine')).map(({ result }) => result),
      [false],
    )
  })
})
