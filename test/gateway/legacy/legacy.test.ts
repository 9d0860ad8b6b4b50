import assert from 'node:assert/strict'
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { derSignature } from '../../../src/base/crypto/ecdsa-signature.ts'
import type { PublicDocument } from '../../../src/base/public-document.ts'
import type { LegacyContent } from '../../../src/gateway/legacy/documents.ts'
import { readEuValueSet, writeEuValueSet } from '../../../src/gateway/legacy/eu-value-set.ts'
import { createLegacy, type LegacySource } from '../../../src/gateway/legacy/legacy.ts'
import { type RuleText, readRuleText } from '../../../src/gateway/legacy/rule-text.ts'
import type { ListSigner } from '../../../src/gateway/legacy/signature.ts'
import { readCases } from '../../support/read-cases.ts'

interface Case {
  name: string
  path: string
  /** Absent where nobody here answers. */
  status?: number
  code?: string
  identifiers?: string[]
  signed?: boolean
}

const cases = readCases<Case>(import.meta.url, 'cases/paths.json')
const rules: string[] = JSON.parse(readFileSync(new URL('cases/rules.json', import.meta.url), 'utf8'))

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signer: ListSigner = {
  keyId: 'k',
  publicKey: pair.publicKey.export({ type: 'spki', format: 'der' }),
  sign: async (bytes) => derSignature(sign('sha256', bytes, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })),
}

function ruleOf(text: string): RuleText {
  const rule = readRuleText(Buffer.from(text))
  assert.ok(typeof rule === 'object', String(rule))
  return rule
}

const valueSet = (id: string, date = '2021-04-27') =>
  writeEuValueSet({
    id,
    date,
    codes: [{ code: '1', display: 'One', lang: 'en', active: true, system: 'http://example.org/s', version: '' }],
  })

/** A source whose content a test changes. */
function sourceOf(content: Partial<LegacyContent>, signing: ListSigner | undefined = signer) {
  const source = {
    revision: 1,
    made: 0,
    content: {
      valueSets: new Map<string, Buffer>(),
      rules: [] as readonly RuleText[],
      countries: [] as readonly string[],
      ...content,
    },
  }
  const given: LegacySource = {
    state: () => [source.revision],
    content: async () => {
      source.made++
      return source.content
    },
    signer: () => signing,
  }
  const find = createLegacy(given)
  return { source, find, ask: async (path: string) => find({ path, accept: undefined }) }
}

const json = (document: PublicDocument | undefined) => {
  assert.ok(document)
  return JSON.parse(document.body.toString('utf8'))
}

function isSigned(document: PublicDocument, publicKey: Buffer): boolean {
  const signature = Buffer.from(document.headers?.['X-SIGNATURE'] ?? '', 'base64')
  const key = createPublicKey({ key: publicKey, type: 'spki', format: 'der' })
  return verify('sha256', Buffer.from(sha256(document.body)), { key, dsaEncoding: 'der' }, signature)
}

describe('paths', () => {
  const { ask } = sourceOf({ rules: rules.map(ruleOf) })
  for (const { name, path, status, code, identifiers, signed } of cases)
    it(`${name}: ${status ?? 'nobody’s here'}`, async () => {
      const found = await ask(path)
      assert.equal(found?.status ?? (found ? 200 : undefined), status)
      if (!found) return
      assert.equal(found.contentType, 'application/json')
      const body = json(found)
      if (code !== undefined) {
        assert.equal(body.code, code)
        assert.deepEqual(Object.keys(body), ['code', 'problem', 'sendValue', 'details'])
        return
      }
      assert.deepEqual(
        body.map(({ identifier, version }: Record<string, string>) => `${identifier} ${version}`),
        identifiers,
      )
      assert.equal(found.etag, `"${sha256(found.body)}"`)
      assert.equal(found.headers?.['X-SIGNATURE'] !== undefined, signed)
    })
})

describe('hashes', () => {
  it('are those of the very bytes that are served, whatever their spaces and letters', async () => {
    const { ask } = sourceOf({ rules: rules.map(ruleOf) })
    for (const text of rules) {
      const { country } = ruleOf(text)
      const found = await ask(`/rules/${country}/${sha256(text)}`)
      assert.equal(found?.body.toString('utf8'), text)
    }
    const listed = json(await ask('/rules'))
    assert.deepEqual(Object.keys(listed[0]), ['identifier', 'version', 'country', 'hash'])
    assert.equal(listed[0].country, 'AT', 'of a rule that writes it in lower case, too')
    for (const { hash } of listed) assert.ok(rules.some((text) => sha256(text) === hash))
  })

  it('can be made again of the content of each version', async () => {
    const { ask } = sourceOf({ rules: rules.map(ruleOf) })
    for (const { hash, content } of json(await ask('/rules/AUT/GR-AT-0001'))) assert.equal(sha256(content), hash)
  })

  it('are the same after a restart and on a replica, in whatever order content comes; signatures are not and verify', async () => {
    const content = {
      rules: rules.map(ruleOf),
      valueSets: new Map(['b', 'a', 'ä', 'B'].map((id) => [id, valueSet(id)])),
      countries: ['DE', 'AT', 'DE'],
    }
    const other = {
      rules: content.rules.toReversed(),
      valueSets: new Map([...content.valueSets].reverse()),
      countries: ['AT', 'DE'],
    }
    const [one, two] = [sourceOf(content), sourceOf(other)]
    for (const path of ['/rules', '/valuesets', '/countrylist', '/rules/AT', '/rules/AT/GR-AT-0001']) {
      const [a, b] = [await one.ask(path), await two.ask(path)]
      assert.ok(a && b)
      assert.deepEqual(a.body, b.body, path)
      assert.equal(a.etag, b.etag)
      if (['/rules', '/valuesets', '/countrylist'].includes(path))
        assert.ok(isSigned(a, signer.publicKey) && isSigned(b, signer.publicKey))
    }
    assert.deepEqual(
      json(await one.ask('/valuesets')).map(({ id }: { id: string }) => id),
      ['B', 'a', 'b', 'ä'],
    )
    assert.deepEqual(json(await one.ask('/countrylist')), ['AT', 'DE'])
  })

  it('name a text once, however many libraries carry it, and two texts of one version both', async () => {
    const same = rules[0] ?? ''
    const { ask } = sourceOf({ rules: [same, same, `${same} `].map(ruleOf) })
    assert.equal(json(await ask('/rules/AT')).length, 2)
    assert.equal(json(await ask('/rules/AT/GR-AT-0001')).length, 2)
  })
})

describe('signing', () => {
  it('serves the key that verifies every signed list', async () => {
    const { ask } = sourceOf({ valueSets: new Map([['a', valueSet('a')]]) })
    const key = Buffer.from((await ask('/publickey'))?.body.toString() ?? '', 'base64')
    for (const path of ['/valuesets', '/rules', '/countrylist']) {
      const found = await ask(path)
      assert.ok(found && isSigned(found, key), path)
    }
  })

  it('is left out without a key, and the key is 404', async () => {
    const { source, find } = sourceOf({})
    const unsigned = createLegacy({
      state: () => [source.revision],
      content: async () => source.content,
      signer: () => undefined,
    })
    assert.equal((await unsigned({ path: '/publickey', accept: undefined }))?.status, 404)
    assert.equal((await unsigned({ path: '/rules', accept: undefined }))?.headers, undefined)
    assert.equal((await find({ path: '/publickey', accept: undefined }))?.status, undefined)
  })

  it('fails when the key cannot sign: a list is never unsigned because of a fault', async () => {
    const broken = { ...signer, sign: async () => assert.fail('no key store') }
    const { ask } = sourceOf({}, broken)
    await assert.rejects(ask('/rules'), /no key store/)
  })
})

describe('while content changes', () => {
  it('answers at once from what lies ready, with the same object', async () => {
    const { find, ask, source } = sourceOf({ rules: rules.map(ruleOf) })
    const first = await ask('/rules/AT')
    const again = find({ path: '/rules/AT', accept: undefined })
    assert.ok(!(again instanceof Promise))
    assert.equal(again, first)
    assert.equal(
      find({ path: '/rules/AT/GR-AT-0001', accept: undefined }),
      find({ path: '/rules/AUT/GR-AT-0001', accept: undefined }),
    )
    assert.equal(source.made, 1)
  })

  it('serves the new list at once, keeps the value set that was listed just before, and drops a rule that is gone', async () => {
    const old = valueSet('a')
    const { ask, source } = sourceOf({ valueSets: new Map([['a', old]]), rules: rules.map(ruleOf) })
    await ask('/valuesets')
    source.content = { ...source.content, valueSets: new Map([['a', valueSet('a', '2022-01-01')]]), rules: [] }
    source.revision++
    assert.equal(json(await ask('/valuesets'))[0].hash, sha256(valueSet('a', '2022-01-01')))
    assert.deepEqual((await ask(`/valuesets/${sha256(old)}`))?.body, old)
    assert.equal((await ask(`/rules/AT/${sha256(rules[0] ?? '')}`))?.status, 404)
    assert.equal((await ask('/rules/AT/GR-AT-0001'))?.status, 404)
    source.revision++
    await ask('/valuesets')
    assert.equal((await ask(`/valuesets/${sha256(old)}`))?.status, 404)
  })

  it('makes it once for all who wait, and never answers what was read before it was asked', async () => {
    const { ask, source } = sourceOf({})
    await Promise.all(Array.from({ length: 50 }, () => ask('/rules')))
    assert.equal(source.made, 1)
    const early = ask('/rules')
    source.revision++
    source.content = { ...source.content, rules: rules.map(ruleOf) }
    const late = await Promise.all(Array.from({ length: 50 }, () => ask('/rules')))
    await early
    for (const each of late) assert.equal(json(each).length, rules.length)
    assert.ok(source.made <= 3, `${source.made} times`)
  })

  it('tries again after a failure, and answers nothing stale meanwhile', async () => {
    let isBroken = true
    let revision = 1
    const find = createLegacy({
      state: () => [revision],
      content: async () => {
        if (isBroken) throw new Error('the disk is gone')
        return { valueSets: new Map(), rules: [], countries: ['AT'] }
      },
      signer: () => undefined,
    })
    const ask = async () => find({ path: '/countrylist', accept: undefined })
    await assert.rejects(ask(), /disk/)
    isBroken = false
    assert.deepEqual(json(await ask()), ['AT'])
    isBroken = true
    revision++
    await assert.rejects(ask(), /disk/)
    await assert.rejects(ask(), /disk/)
  })
})

describe('ten thousand rules', () => {
  it('are listed and found, and others have a turn while they are hashed', async () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      ruleOf(
        JSON.stringify({
          Identifier: `GR-AT-${index}`,
          Version: '1.0.0',
          Country: 'AT',
          Engine: 'CERTLOGIC',
          Logic: index,
        }),
      ),
    )
    const { ask } = sourceOf({ rules: many })
    let turns = 0
    let isDone = false
    const count = () => {
      turns++
      if (!isDone) setImmediate(count)
    }
    setImmediate(count)
    const listed = json(await ask('/rules/AT'))
    isDone = true
    assert.equal(listed.length, 10_000)
    assert.ok(turns > 50, `${turns} turns`)
    assert.equal((await ask(`/rules/AT/${listed[9_999].hash}`))?.status, undefined)
  })
})

describe('rule texts', () => {
  const good = { Identifier: 'GR-AT-0001', Version: '1.0.0', Country: 'AT', Engine: 'CERTLOGIC', Logic: true }
  const bad: [string, string | Buffer][] = [
    ['empty', ''],
    ['no JSON', '{'],
    ['a bare expression', '{"if":[true,true,false]}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
    ['another engine', JSON.stringify({ ...good, Engine: 'certlogic' })],
    ['no engine', JSON.stringify({ ...good, Engine: undefined })],
    ['no logic', JSON.stringify({ ...good, Logic: undefined })],
    ['no identifier', JSON.stringify({ ...good, Identifier: ' ' })],
    ['an identifier that is none', JSON.stringify({ ...good, Identifier: 1 })],
    ['an endless identifier', JSON.stringify({ ...good, Identifier: 'x'.repeat(201) })],
    ['no version', JSON.stringify({ ...good, Version: null })],
    ['three letters', JSON.stringify({ ...good, Country: 'AUT' })],
    ['a path as country', JSON.stringify({ ...good, Country: '..' })],
  ]
  for (const [name, text] of bad)
    it(`${name}: no rule that others could run`, () => {
      const found = readRuleText(Buffer.from(text))
      assert.equal(typeof found, 'string')
      assert.doesNotMatch(String(found), /GR-AT/)
    })

  it('keeps a byte-order mark and reads past it', () => {
    const text = Buffer.from(`\uFEFF${JSON.stringify(good)}`)
    const rule = readRuleText(text)
    assert.ok(typeof rule === 'object')
    assert.deepEqual(rule.text, text)
  })

  it('never throws, whatever comes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void readRuleText(bytes)))
    fc.assert(
      fc.property(fc.json(), (text) => {
        readRuleText(Buffer.from(text))
        readEuValueSet(Buffer.from(text))
      }),
    )
  })
})

describe('value sets in the EU’s form', () => {
  it('are read as they are written, codes that are numbers or members of every object included', () => {
    const code = fc.record({
      code: fc.oneof(fc.string(), fc.nat().map(String), fc.constantFrom('__proto__', 'constructor', 'toString')),
      display: fc.string({ unit: 'grapheme' }),
      lang: fc.constantFrom('en', ''),
      active: fc.boolean(),
      system: fc.webUrl(),
      version: fc.string(),
    })
    fc.assert(
      fc.property(fc.uniqueArray(code, { selector: (each) => each.code }), (codes) => {
        const id = 'sct-vaccines-covid-19'
        const read = readEuValueSet(writeEuValueSet({ id, date: '2023-01-25', codes }))
        assert.ok(typeof read === 'object', String(read))
        // JSON.parse makes an own member of __proto__, too.
        assert.deepEqual(
          new Map(read.codes.map((each) => [each.code, each])),
          new Map(codes.map((each) => [each.code, { ...each }])),
        )
      }),
    )
  })

  it('are the same bytes in whatever order codes come; of two with one code the first counts', () => {
    const code = (name: string, display = name) => ({
      code: name,
      display,
      lang: 'en',
      active: true,
      system: 's',
      version: '',
    })
    const write = (codes: ReturnType<typeof code>[]) => writeEuValueSet({ id: 'a', date: '', codes }).toString()
    assert.equal(write([code('b'), code('10'), code('9')]), write([code('9'), code('b'), code('10')]))
    assert.match(write([code('a', 'first'), code('a', 'second')]), /first/)
    assert.doesNotMatch(write([code('a', 'first'), code('a', 'second')]), /second/)
    assert.match(
      write([code('a')]),
      /^\{"valueSetId":"a","valueSetDate":"","valueSetValues":\{"a":\{"display":"a","lang":"en","active":true,"system":"s","version":""\}\}\}$/,
    )
  })
})
