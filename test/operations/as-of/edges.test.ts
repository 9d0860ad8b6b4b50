/** Moments at the edge of what is known: each is answered as then, or refused; never answered otherwise. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { inflateSync } from 'node:zlib'
import { decodeBase45 } from '../../../src/credentials/encoding/base45.ts'
import type { Parameter, Parameters } from '../../../src/fhir/types.ts'
import { readCases } from '../../support/read-cases.ts'
import { library, momentNow, plan, products, Workshop } from './support.ts'

interface Refused {
  name: string
  asOf?: string
  at?: string
  more?: Parameter[]
  status: number
  text: string
}
interface Answered extends Omit<Refused, 'status' | 'text' | 'asOf'> {
  path?: string
  /** Another rule set than `plan`. */
  plan?: string
  use?: string
  without?: string
  anchor?: boolean
  further?: boolean
  decision: string
  rule?: string
  clock?: string
  checks?: string
}

const workshop = new Workshop()
const moments: Record<string, string> = {}
const mark = async (name: string) => {
  moments[name] = await momentNow()
}
const credential = workshop.credential('dcc-v')
const asked = (at: string | undefined, ...more: Parameter[]): Parameter[] => [
  { name: 'credential', valueString: credential },
  ...(at === undefined ? [] : [{ name: 'asOf', valueInstant: at }]),
  ...more,
]
const namedPlan = (id: string): Parameter => ({
  name: 'planDefinition',
  valueCanonical: `http://example.org/PlanDefinition/${id}`,
})
const named = namedPlan('plan')
const useOf = (code: string) => ({
  code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'task' },
  valueCodeableConcept: { coding: [{ system: 'http://vidimus.org/fhir/CodeSystem/verdict-use', code }] },
})
/** A rule set for transit alone. */
const transit = (version: string) => ({
  ...plan(version, version),
  id: `transit-${version}`,
  url: 'http://example.org/PlanDefinition/transit',
  useContext: [useOf('transit')],
})
const toldOf = (text: string, name: string) => {
  const found = (JSON.parse(text) as Parameters).parameter?.find((each) => each.name === name)
  return found?.valueCode ?? found?.valueDateTime
}

before(async () => {
  await workshop.open()
  await workshop.put(products('1.0.0', ['RA01']), library('1.0.0', 'exists([Immunization])'), plan('1.0.0', '1.0.0'))
  await workshop.put(transit('1.0.0'))
  await mark('first')
  await workshop.put(library('2.0.0', 'not exists([Immunization])'), plan('2.0.0', '2.0.0'), transit('2.0.0'))
  await workshop.put({ ...plan('1.0.0', '1.0.0'), id: 'late', url: 'http://example.org/PlanDefinition/late' })
  await mark('second')
  workshop.keys([workshop.xa], { XA: 'revoked' })
  await workshop.reload()
  await mark('withdrawn')
  workshop.keys([workshop.xa])
  workshop.distrust({ participants: ['XXA'] })
  await workshop.reload()
  await mark('distrusted')
  writeFileSync(join(workshop.folder, 'distrusted.json'), '{')
  await workshop.reload()
  await mark('unread')
  workshop.distrust({})
  workshop.revoke([signatureHash()])
  await workshop.reload()
  await mark('revoked')
  workshop.revoke([])
  await workshop.reload()
  await mark('last')
})
after(() => workshop.end())

/** The first half of SHA-256 over the signature (EU DCC gateway, revocation): of ES256 over its r alone. */
function signatureHash(): string {
  const bytes = decodeBase45(credential.slice('HC1:'.length))
  assert.ok(bytes)
  const message = inflateSync(bytes)
  return createHash('sha256').update(message.subarray(-64, -32)).digest('hex').slice(0, 32)
}

describe('a question as of a moment is refused:', () => {
  for (const { name, at, asOf, more = [], status, text } of readCases<Refused>(import.meta.url, 'cases/refused.json'))
    it(name, async () => {
      const reply = await workshop.evaluate(asked(asOf ?? moments[at ?? ''], ...more))
      assert.equal(reply.status, status, reply.text)
      assert.match(reply.text, new RegExp(text))
    })
})

describe('a question as of a moment is answered as then:', () => {
  for (const each of readCases<Answered>(import.meta.url, 'cases/answered.json'))
    it(each.name, async () => {
      const { at = '', more = [], path, anchor, further, decision, rule, without, clock, checks, use } = each
      const own: Parameter[] = [
        ...(path || each.plan === 'selected' ? [] : [each.plan ? namedPlan(each.plan) : named]),
        ...(use ? [{ name: 'useContext', valueUsageContext: useOf(use) }] : []),
        ...(anchor ? [{ name: 'trustAnchor', valueBase64Binary: workshop.xa.anchor }] : []),
        ...(further
          ? [{ name: 'furtherCredential', part: [{ name: 'credential', valueString: workshop.credential('dcc-t') }] }]
          : []),
      ]
      const { status, text } = await workshop.evaluate(asked(moments[at], ...own, ...more), path)
      assert.equal(status, 200, text)
      assert.equal(toldOf(text, 'decision'), decision, text)
      assert.equal(toldOf(text, 'evaluationDateTime'), clock ?? moments[at])
      if (rule) assert.ok(text.includes(`"http://example.org/PlanDefinition/${rule}"`), text)
      if (without) assert.ok(!text.includes(`"http://example.org/PlanDefinition/${without}`), text)
      if (checks) assert.equal(toldOf(text, 'status'), checks)
    })
})

describe('many lines', () => {
  const lines = (address: string, ...more: Parameter[]) => {
    const line = JSON.stringify({ resourceType: 'Parameters', parameter: asked(undefined, named, ...more) })
    const headers = { Authorization: 'Bearer test', 'Content-Type': 'application/fhir+ndjson' }
    return fetch(`${workshop.address}/fhir/$evaluate${address}`, {
      method: 'POST',
      headers,
      body: `${line}\n${line}\n`,
    })
  }
  it('have one moment in the address', async () => {
    const reply = await lines(`?asOf=${encodeURIComponent(moments.first ?? '')}`)
    const answers = (await reply.text()).trim().split('\n')
    assert.equal(answers.length, 2)
    for (const each of answers) assert.equal(toldOf(each, 'decision'), 'accepted', each)
  })
  it('and none in a line, nor links', async () => {
    assert.match(
      await (await lines('', { name: 'asOf', valueInstant: moments.first ?? '' })).text(),
      /stands in the address/,
    )
    const reply = await lines(`?asOf=${encodeURIComponent(moments.first ?? '')}`, {
      name: 'followLinks',
      valueBoolean: true,
    })
    assert.match(await reply.text(), /followLinks is not possible with asOf/)
  })
})

describe('what is lost', () => {
  const contents = join(workshop.dataDir, 'trust', 'history', 'contents')
  it('a history whose content is gone gives no answer, and the others stay', async () => {
    await workshop.close()
    const away = `${contents}-away`
    renameSync(contents, away)
    await workshop.open()
    try {
      for (const name of ['first', 'revoked', 'distrusted']) {
        const { status, text, headers } = await workshop.evaluate(asked(moments[name], named))
        assert.equal(status, 503, text)
        assert.match(text, /damaged/)
        assert.ok(headers.get('retry-after'))
        assert.doesNotMatch(text, /vidimus-as-of|\/tmp/)
      }
      assert.equal((await workshop.evaluate(asked(undefined, named))).status, 200)
    } finally {
      await workshop.close()
      for (const file of readdirSync(contents)) renameSync(join(contents, file), join(away, file))
      rmSync(contents, { recursive: true })
      renameSync(away, contents)
    }
    await workshop.open()
    assert.equal(toldOf((await workshop.evaluate(asked(moments.first, named))).text, 'decision'), 'accepted')
  })

  it('settings that are other now are told', async () => {
    await workshop.close()
    await workshop.open({ DOMAIN_MISMATCH: 'fail' })
    const { text } = await workshop.evaluate(asked(moments.first, named))
    assert.match(text, /DOMAIN_MISMATCH was warn then and is fail now, which counts/)
    assert.equal(toldOf(text, 'decision'), 'accepted')
    await workshop.close()
  })

  it('without a history nothing is answered, and the time without one stays unknown', async () => {
    await workshop.open({ TRUST_HISTORY_DAYS: 'off' })
    const without = await momentNow()
    const { status, text } = await workshop.evaluate(asked(moments.first, named))
    assert.equal(status, 422)
    assert.match(text, /keeps no history/)
    await workshop.close()
    await workshop.open()
    const later = await workshop.evaluate(asked(without, named))
    assert.equal(later.status, 422)
    assert.match(later.text, /no history of the trust lists was kept at that moment/)
    assert.equal(toldOf((await workshop.evaluate(asked(moments.first, named))).text, 'decision'), 'accepted')
  })

  it('needs a token where the operator did not open it', async () => {
    await workshop.close()
    await workshop.open({ OPEN_OPERATIONS: 'cql' })
    const body = JSON.stringify({ resourceType: 'Parameters', parameter: asked(moments.first, named) })
    const headers = { 'Content-Type': 'application/fhir+json' }
    const reply = await fetch(`${workshop.address}/fhir/$evaluate`, { method: 'POST', headers, body })
    assert.equal(reply.status, 401)
    assert.match(await reply.text(), /as of an earlier moment needs a bearer token/)
  })
})
