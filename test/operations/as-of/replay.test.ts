/** A hundred answers, and the same again after everything they were made of has changed. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sampleKinds } from '../../../src/demo/samples.ts'
import type { Parameter, Parameters, StructureMap } from '../../../src/fhir/types.ts'
import { inProducts, library, pause, plan, products, Workshop } from './support.ts'

interface Answer {
  name: string
  question: Parameter[]
  status: number
  text: string
  at: string
}

describe('answers as of a moment', () => {
  const workshop = new Workshop()
  const answers: Answer[] = []
  const credentials = sampleKinds.flatMap((kind) =>
    [workshop.xa, workshop.xb].map((issuer) => ({
      name: `${kind} of ${issuer.country}`,
      text: workshop.credential(kind, issuer),
    })),
  )
  const ask = async (name: string, question: Parameter[]) => {
    const { status, text } = await workshop.evaluate(question)
    const at = (JSON.parse(text) as Parameters).parameter?.find((each) => each.name === 'evaluationDateTime')
    assert.ok(at?.valueDateTime, text)
    answers.push({ name, question, status, text, at: at.valueDateTime })
  }
  const askAll = async (phase: string) => {
    for (const { name, text } of credentials) {
      await ask(`${phase}: ${name}`, [
        { name: 'credential', valueString: text },
        { name: 'planDefinition', valueCanonical: 'http://example.org/PlanDefinition/plan' },
      ])
    }
    await pause()
  }
  const decisions = () =>
    answers.map(
      ({ text }) => (JSON.parse(text) as Parameters).parameter?.find(({ name }) => name === 'decision')?.valueCode,
    )

  before(async () => {
    await workshop.open()
    await workshop.put(products('1.0.0', ['RA01']), library('1.0.0', inProducts), plan('1.0.0', '1.0.0'))
    await askAll('first')
    // Another key counts no more, one credential is revoked.
    workshop.keys([workshop.xa, workshop.xb], { XB: 'revoked' })
    await workshop.reload()
    await askAll('revoked')
    workshop.keys([workshop.xb])
    workshop.more([workshop.xa])
    workshop.distrust({ participants: ['XXA'] })
    await workshop.reload()
    await askAll('replaced')
    workshop.distrust({})
    await workshop.reload()
    await workshop.put(products('1.1.0', ['RA02']))
    await askAll('value set')
    await workshop.put(
      library('2.0.0', 'exists([Immunization])'),
      { ...plan('1.0.0', '1.0.0'), status: 'retired' },
      plan('2.0.0', '2.0.0'),
    )
    await askAll('rules')
    const { entry } = JSON.parse((await workshop.request('GET', 'StructureMap?_count=200')).text)
    const maps: StructureMap[] = entry.map(({ resource }: { resource: StructureMap }) => resource)
    const used = answers.map(({ text }) => text).join()
    for (const [place, map] of maps.filter(({ url }) => used.includes(`${url}|`)).entries())
      await workshop.put({ ...map, id: `later-${place}`, version: '99.0.0', group: map.group })
    workshop.keys([])
    workshop.more([])
    await workshop.reload()
  })
  after(() => workshop.end())

  it('there are a hundred, and what happened in between changed them', () => {
    assert.equal(answers.length, 100)
    const made = decisions()
    for (const each of ['accepted', 'rejected', 'undetermined', 'unverified']) assert.ok(made.includes(each), each)
  })

  it('now they are others', async () => {
    const some = answers.filter((_, place) => place % 7 === 0)
    let changed = 0
    for (const { question, text, at } of some) {
      const now = await workshop.evaluate([...question, { name: 'evaluationDateTime', valueDateTime: at }])
      if (now.text !== text) changed++
    }
    // What no key could ever verify stays so.
    assert.ok(changed >= some.length / 2, `${changed} of ${some.length}`)
  })

  it('each is given again, byte for byte', async () => {
    for (const { name, question, status, text, at } of answers) {
      const again = await workshop.evaluate([...question, { name: 'asOf', valueInstant: at }])
      assert.equal(again.status, status, again.text)
      assert.equal(again.text, text, name)
    }
  })

  it('and after a restart', async () => {
    await workshop.close()
    await workshop.open()
    for (const { name, question, text, at } of answers.filter((_, place) => place % 7 === 0)) {
      const again = await workshop.evaluate([...question, { name: 'asOf', valueInstant: at }])
      assert.equal(again.text, text, name)
    }
  })
})
