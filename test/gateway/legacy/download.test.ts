/** Rules and value sets of the DCC era from the stand-in gateway, over mutual TLS. */

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { JsonObject } from '../../../src/base/json-value.ts'
import type { GatewayClient } from '../../../src/gateway/client.ts'
import { downloadRules, downloadValueSets } from '../../../src/gateway/legacy/download.ts'
import { writeEuValueSet } from '../../../src/gateway/legacy/eu-value-set.ts'
import { euRule } from '../../support/eu-rule.ts'
import { makeCms } from '../../support/pki/cms.ts'
import { testPki } from '../../support/pki/pki.ts'
import { type GatewayBench, startBench } from '../stand-in.ts'

const day = 86_400_000
const at = (days: number) => new Date(Date.now() + days * day).toISOString().replace(/\.\d+/, '')
const ruleText = (change: JsonObject = {}) => {
  const told = { Description: [{ lang: 'en', desc: 'Always – 😀.' }], Logic: { '===': [1.1, 1] } }
  return `${JSON.stringify(euRule({ ...told, ValidFrom: at(3), ValidTo: at(300), ...change }), null, 2)}\r\n`
}

describe('rules of a gateway', () => {
  let bench: GatewayBench
  let client: GatewayClient
  before(async () => {
    bench = await startBench()
    client = (await bench.open('XB')).client
  })
  after(() => bench.close())

  const put = (
    text: string,
    options: {
      by?: string
      row?: Partial<{ ruleId: string; version: string; country: string }>
      signingTime?: Date
    } = {},
  ) => {
    const { by = 'XA', row = {}, signingTime } = options
    const cms = makeCms(Buffer.from(text), bench.pki.of(by).up, signingTime ? { at: signingTime } : {})
    bench.gateway.rules.push({
      ruleId: 'GR-XA-0001',
      country: 'XA',
      version: '1.0.0',
      validFrom: at(3),
      validTo: at(300),
      cms: cms.toString('base64'),
      ...row,
    })
  }
  const download = async (signers = [bench.pki.of('XA').up.certificate]) => {
    const got = await downloadRules(client, { country: 'XA', signers, now: new Date() })
    bench.gateway.rules.length = 0
    return got
  }

  it('come with the text byte for byte, under the signature of their country', async () => {
    const text = ruleText()
    put(text)
    const { found, leftOut } = await download()
    assert.deepEqual(leftOut, [])
    assert.equal(found[0]?.text.toString('utf8'), text)
    assert.deepEqual([found[0]?.identifier, found[0]?.version, found[0]?.country], ['GR-XA-0001', '1.0.0', 'XA'])
  })

  const refused: [string, () => void, RegExp][] = [
    [
      'signed by another country',
      () => put(ruleText(), { by: 'XB' }),
      /not signed by a trusted upload certificate of XA/,
    ],
    ['of another country', () => put(ruleText({ Country: 'XB' })), /another country/],
    ['under another identifier', () => put(ruleText({ Identifier: 'GR-XA-0002' })), /another rule than the list says/],
    ['under another version', () => put(ruleText(), { row: { version: '9.0.0' } }), /another rule than the list says/],
    ['no rule', () => put('{"hello":1}'), /no rule/],
    ['no JSON', () => put('GR-XA-0001'), /not JSON/],
    [
      'signed before the certificate was',
      () => put(ruleText(), { signingTime: new Date(Date.now() - 4000 * day) }),
      /period/,
    ],
    ['signed in the future', () => put(ruleText(), { signingTime: new Date(Date.now() + 2 * day) }), /period/],
  ]
  for (const [name, act, reason] of refused)
    it(`${name}: left out, and why`, async () => {
      act()
      const { found, leftOut } = await download()
      assert.deepEqual(found, [])
      assert.equal(leftOut.length, 1)
      assert.match(leftOut[0]?.reason ?? '', reason)
    })

  it('tampered with, or no message at all: left out, and the good ones come', async () => {
    put(ruleText())
    const [good] = bench.gateway.rules
    assert.ok(good)
    const bytes = Buffer.from(good.cms, 'base64')
    const place = bytes.indexOf('Acceptance')
    bytes[place] = 'B'.charCodeAt(0)
    bench.gateway.rules.push(
      { ...good, version: '1.0.1', cms: bytes.toString('base64') },
      { ...good, version: '1.0.2', cms: 'AAAA' },
      { ...good, version: '1.0.3', cms: '\u0007not base64' },
    )
    const { found, leftOut } = await download()
    assert.equal(found.length, 1)
    assert.deepEqual(
      leftOut.map(({ reason }) => reason),
      ['the signed message is forged', 'the signed message is malformed', 'the signed message is malformed'],
    )
  })

  it('twice under one version: the second is left out', async () => {
    put(ruleText())
    put(ruleText({ Logic: { '===': [0, 1] } }))
    const { found, leftOut } = await download()
    assert.equal(found.length, 1)
    assert.match(leftOut[0]?.reason ?? '', /twice/)
  })

  it('of a country whose upload certificate nobody trusts, or another PKI: none', async () => {
    put(ruleText())
    assert.equal((await download([])).found.length, 0)
    put(ruleText())
    assert.equal((await download([testPki().of('XA').up.certificate])).found.length, 0)
    put(ruleText())
    assert.equal(
      (await download([bench.pki.of('XA').sca.certificate].map((each) => new X509Certificate(each.raw)))).found.length,
      0,
    )
  })

  it('names of a gateway move no cursor', async () => {
    put('{}', { row: { ruleId: '\u001b[2Jx' } })
    const { leftOut } = await download()
    assert.equal(leftOut[0]?.name, '?[2Jx 1.0.0')
  })

  describe('value sets', () => {
    const text = (id: string) =>
      writeEuValueSet({
        id,
        date: '2021-04-27',
        codes: [{ code: '1', display: 'One', lang: 'en', active: true, system: 's', version: '' }],
      })

    it('come as their text, and what is another than its name says does not', async () => {
      const { valueSets } = bench.gateway
      valueSets.clear()
      valueSets.set('disease-agent-targeted', ` ${text('disease-agent-targeted')}\n`)
      valueSets.set('country-2-codes', text('sct-vaccines-covid-19').toString())
      valueSets.set('broken', '{')
      const { found, leftOut } = await downloadValueSets(client)
      assert.deepEqual(
        found.map((each) => each.text.toString()),
        [` ${text('disease-agent-targeted')}\n`],
      )
      assert.deepEqual(leftOut, [
        { name: 'country-2-codes', reason: 'it is another value set than the list says' },
        { name: 'broken', reason: 'it is not JSON' },
      ])
    })

    it('are an error where the gateway lists what no name is', async () => {
      bench.gateway.valueSets.set('../trustList', '{}')
      await assert.rejects(downloadValueSets(client), /no name/)
      bench.gateway.valueSets.delete('../trustList')
    })
  })
})
