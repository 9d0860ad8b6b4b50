import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import fc from 'fast-check'
import type { GatewayReference, ReferenceContent } from '../../../src/gateway/reference.ts'
import {
  type Action,
  contentText,
  decide,
  type Known,
  type Standing,
  type Wanted,
} from '../../../src/gateway/register/decide.ts'
import { readCases } from '../../support/read-cases.ts'

interface Row {
  uuid: number
  of: string
  [member: string]: string | number | null
}

interface Case {
  name: string
  base?: string
  wanted: string[]
  known: { key: string; uuid?: number; thumbprint?: string; refused?: true | 'other' }[]
  rows: Row[]
  actions: string[]
  states: string[]
  remarks?: string[]
  gone?: string[]
}

const base = 'https://own.example'
const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
const shortOf = (text: string) => String(Number(text.slice(-12)))

const urls: Record<string, string> = {
  single: 'https://files.example/a.tgz',
  long: `${base}/fhir/r/`.padEnd(101, 'x'),
}

function contentOf(key: string): ReferenceContent {
  return {
    url: urls[key] ?? `${base}/fhir/r/${key}.jws`,
    country: 'XA',
    type: 'FHIR',
    service: key === 'single' ? 'ValueSet' : key,
    thumbprint: 'ab'.repeat(32),
    name: key,
    sslPublicKey: 'TUlJ',
    contentType: 'application/jose',
    signatureType: 'JWS',
    referenceVersion: '1',
    domain: 'DDCC',
  }
}

const wantedOf = (key: string): Wanted => ({ key, content: contentOf(key) })

function rowOf({ uuid: number, of, ...changes }: Row): GatewayReference {
  const members = Object.entries(changes).map(([name, value]) => [name, value ?? undefined])
  return { ...contentOf(of), sourceGateway: undefined, ...Object.fromEntries(members), uuid: uuid(number) }
}

const knownOf = ({ key, uuid: number, refused, thumbprint }: Case['known'][number]): Known => ({
  key,
  uuid: number === undefined ? undefined : uuid(number),
  thumbprint: thumbprint === 'as wanted' ? contentOf(key).thumbprint : thumbprint,
  refused: refused === true ? contentText(contentOf(key)) : refused,
})

const actionText = (action: Action) =>
  [action.kind, 'uuid' in action && shortOf(action.uuid), action.kind !== 'delete' && action.key]
    .filter(Boolean)
    .join(' ')

const standingText = ({ state, uuid: row, takenBy }: Standing) =>
  [state, row && shortOf(row), takenBy && `by ${takenBy}`].filter(Boolean).join(' ')

describe('what is to be done at a gateway', () => {
  for (const each of readCases<Case>(import.meta.url, 'cases/decide.json'))
    it(each.name, () => {
      const decision = decide({
        country: 'XA',
        base: each.base ?? base,
        wanted: each.wanted.map(wantedOf),
        known: each.known.map(knownOf),
        rows: each.rows.map(rowOf),
      })
      assert.deepEqual(decision.actions.map(actionText), each.actions)
      assert.deepEqual(decision.standings.map(standingText), each.states)
      assert.deepEqual(decision.gone, each.gone ?? [])
      for (const [at, remark] of (each.remarks ?? []).entries())
        assert.match(decision.standings[at]?.remark ?? '', new RegExp(remark))
    })
})

/** Carries actions out as a gateway does. */
function carriedOut(rows: readonly GatewayReference[], actions: readonly Action[]): GatewayReference[] {
  let next = 900
  const result = new Map(rows.map((row) => [row.uuid, row]))
  for (const action of actions) {
    if (action.kind === 'delete') result.delete(action.uuid)
    else {
      const id = action.kind === 'update' ? action.uuid : uuid(next++)
      result.set(id, { ...action.content, uuid: id, sourceGateway: undefined })
    }
  }
  return [...result.values()]
}

const keys = ['ValueSet', 'Library', 'single', 'ConceptMap']
const someRow = fc.record({
  uuid: fc.integer({ min: 1, max: 12 }),
  of: fc.constantFrom(...keys),
  thumbprint: fc.constantFrom('ab'.repeat(32), 'cd'.repeat(32), null),
  country: fc.constantFrom('XA', 'XA', 'XB'),
  url: fc.constantFrom(...keys.map((key) => contentOf(key).url), 'https://other.example/z', `${base}/fhir/r/z`),
})
const someKnown = fc.record({ key: fc.constantFrom(...keys), uuid: fc.integer({ min: 1, max: 12 }) })

test('whatever stands in the list, one round of actions puts it right, and the next has nothing to do', () => {
  const situation = fc.record({
    wanted: fc.uniqueArray(fc.constantFrom(...keys)),
    known: fc.uniqueArray(someKnown, { selector: ({ key }) => key }),
    rows: fc.uniqueArray(someRow, { selector: (row) => row.uuid, maxLength: 12 }),
  })
  fc.assert(
    fc.property(situation, ({ wanted, known, rows }) => {
      const asked = { country: 'XA', base, wanted: wanted.map(wantedOf), known: known.map(knownOf) }
      const list = rows.map(rowOf)
      const first = decide({ ...asked, rows: list })
      const after = carriedOut(list, first.actions)
      const learnt = decide({ ...asked, rows: after })
      const second = decide({ ...asked, rows: after, known: learnt.standings.map(({ key, uuid }) => ({ key, uuid })) })
      assert.deepEqual(second.actions, [])
      assert.ok(second.standings.every(({ state }) => state === 'registered'))
      // One row for each of ours, and nobody else's was touched.
      assert.equal(new Set(second.standings.map((each) => each.uuid)).size, wanted.length)
      const others = list.filter(({ country }) => country === 'XB')
      for (const row of others) assert.ok(after.includes(row))
    }),
  )
})

test('a thousand references of one service and domain, all to be changed', () => {
  const many = Array.from({ length: 1000 }, (_, at) => at)
  const wanted = many.map((at): Wanted => {
    const content = { ...contentOf('ValueSet'), url: `${base}/fhir/r/new-${at}.jws` }
    return { key: String(at), content }
  })
  const rows = many.map((at) => ({ ...rowOf({ uuid: at, of: 'ValueSet' }), url: `${base}/fhir/r/old-${at}.jws` }))
  const known = many.map((at) => ({ key: String(at), uuid: uuid(at) }))
  for (const each of [known, []]) {
    const { actions } = decide({ country: 'XA', base, wanted, known: each, rows })
    assert.equal(actions.filter(({ kind }) => kind === 'update').length, 1000)
    assert.equal(actions.length, 1000)
  }
})
