/** Kits of a running server: the operation, what of its trust goes along, and verdicts where nothing but the kit is. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sha256 } from '../../src/base/crypto/sha256.ts'
import { defaultLimits } from '../../src/credentials/credential-format.ts'
import { credentialFormats } from '../../src/credentials/credentials.ts'
import { demoIssuer, demoTrustSources } from '../../src/demo/demo-issuer.ts'
import { specimens } from '../../src/demo/specimens.ts'
import type { Evaluation } from '../../src/evaluate/evaluation.ts'
import { evaluationReply } from '../../src/evaluate/reply.ts'
import { readEvaluateRequest } from '../../src/evaluate/request.ts'
import { readKit } from '../../src/kit/archive/archive.ts'
import { checkKit } from '../../src/kit/check-kit.ts'
import { applyDelta } from '../../src/kit/delta.ts'
import { KitError } from '../../src/kit/kit-error.ts'
import type { KitScope } from '../../src/kit/manifest.ts'
import { openKit } from '../../src/kit/open-kit.ts'
import type { TrustSource } from '../../src/trust/lists/trust-source.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { kitOf, pinsOf, scopeOf, verdictsBy } from './support.ts'

const now = new Date()
const folder = mkdtempSync(path.join(tmpdir(), 'vidimus-kit-'))
const issuer = demoIssuer(folder, now)
let bed: Awaited<ReturnType<typeof openTestServer>>
let url: string
let credentials: { id: string; text: string }[]

/** Half of a SHA-256 over the identifier of a certificate, as revocation lists have it. */
function revocationHash(text: string): string {
  const decoded = credentialFormats.find((each) => each.recognises([text]))?.decode([text], defaultLimits)
  const opened = decoded && 'open' in decoded ? decoded.open() : undefined
  const [id = ''] = opened && typeof opened !== 'string' ? opened.certificateIds : []
  return sha256(id).subarray(0, 16).toString('base64')
}

const batch = (hashes: string[]) => ({
  country: 'XA',
  expires: new Date(now.getTime() + 9e9).toISOString(),
  kid: '',
  hashType: 'UCI',
  entries: hashes.map((hash) => ({ hash })),
})

before(async () => {
  credentials = (await specimens(issuer, now)).map(({ name, text }) => ({ id: name, text }))
  const revoked = credentials.find(({ id }) => id === 'recovery')
  mkdirSync(path.join(folder, 'revoked'))
  writeFileSync(path.join(folder, 'revoked', 'a.json'), JSON.stringify([batch([revocationHash(revoked?.text ?? '')])]))
  const sources: TrustSource[] = [
    ...demoTrustSources(folder, now),
    { name: 'revoked', kind: 'revocation', location: path.join(folder, 'revoked') },
  ]
  bed = await openTestServer({ JURISDICTION: 'XA', TRUST_LISTS: JSON.stringify(sources) })
  url = `${await bed.server.listen()}/fhir/$verifier-kit`
})
after(async () => {
  await bed.close()
  rmSync(folder, { recursive: true, force: true })
})

const request = (text: string) =>
  readEvaluateRequest(
    {
      resourceType: 'Parameters',
      parameter: [
        { name: 'credential', valueString: text },
        { name: 'evaluationDateTime', valueDateTime: now.toISOString() },
      ],
    },
    { allowRequestTrustAnchors: false, jurisdiction: 'XA' },
    { now },
  )
const checkOf = ({ checks }: Evaluation, name: string) => checks.find((each) => each.name === name)

describe('$verifier-kit', () => {
  it('answers a kit that holds, with its hash as its ETag, and 304 to who has it', async () => {
    const answer = await fetch(`${url}?jurisdiction=XA`)
    assert.equal(answer.status, 200)
    const bytes = Buffer.from(await answer.arrayBuffer())
    const kit = openKit(bytes, { pins: pinsOf(bed.server), now })
    checkKit(kit, bytes)
    assert.equal(answer.headers.get('etag'), `"${kit.hash}"`)
    assert.equal(answer.headers.get('content-length'), String(bytes.length))
    assert.equal(answer.headers.get('content-type'), 'application/gzip')
    const again = await fetch(url, { headers: { 'If-None-Match': `"${kit.hash}"` } })
    assert.equal(again.status, 304)
    assert.equal((await fetch(`${url}?since=${kit.hash}`)).status, 304)
    const head = await fetch(url, { method: 'HEAD' })
    assert.equal(head.status, 200)
    assert.equal(head.headers.get('etag'), `"${kit.hash}"`)
    const unknown = await fetch(`${url}?since=${'0'.repeat(64)}`)
    assert.match(unknown.headers.get('kit-answer') ?? '', /not known/)
    assert.deepEqual(Buffer.from(await unknown.arrayBuffer()), bytes)
  })

  it('answers what has changed since a kit, and takes in what is published', async () => {
    const first = Buffer.from(await (await fetch(url)).arrayBuffer())
    const since = openKit(first, { pins: pinsOf(bed.server), now }).hash
    const plan = await bed.server.storage.findCanonical(
      'PlanDefinition',
      'http://vidimus.org/fhir/PlanDefinition/valid-test',
    )
    const own = {
      ...plan[0],
      id: 'own-test',
      url: 'http://example.org/PlanDefinition/own',
      version: '1',
      meta: undefined,
    }
    const headers = { Authorization: 'Bearer test', 'Content-Type': 'application/fhir+json' }
    const base = url.replace('/$verifier-kit', '')
    for (const [id, status, code] of [
      ['own-test', 'active', 'XA'],
      ['own-draft', 'draft', 'XA'],
      ['other-test', 'active', 'XB'],
    ] as const) {
      const jurisdiction = [{ coding: [{ system: 'urn:iso:std:iso:3166', code }] }]
      const body = JSON.stringify({ ...own, id, url: `http://example.org/PlanDefinition/${id}`, status, jurisdiction })
      const put = await fetch(`${base}/PlanDefinition/${id}`, { method: 'PUT', headers, body })
      assert.equal(put.status, 201, await put.text())
    }
    const answer = await fetch(`${url}?since=${since}`)
    assert.equal(answer.headers.get('kit-answer'), 'delta')
    const delta = Buffer.from(await answer.arrayBuffer())
    const whole = Buffer.from(await (await fetch(url)).arrayBuffer())
    assert.ok(applyDelta(readKit(first), delta).equals(whole))
    assert.ok(delta.length * 10 < whole.length)
    const files = readKit(whole).manifest.files.map(({ file }) => file)
    assert.ok(files.includes('package/PlanDefinition-own-test.json'))
    assert.ok(!files.some((file) => /own-draft|other-test/.test(file)))
  })

  for (const [query, status] of [
    ['jurisdiction=Nowhere', 400],
    ['since=1', 400],
    ['madeAt=yesterday', 400],
    ['trustDomain=%00', 400],
    ['planDefinition=http://example.org/none', 404],
    ['planDefinition=http://example.org/PlanDefinition/own-draft', 404],
    ['jurisdiction=XA&jurisdiction=XB', 400],
    ['jurisdiction=', 400],
    ['jurisdiktion=XA', 400],
  ] as const)
    it(`refuses ${query}`, async () => {
      const answer = await fetch(`${url}?${query}`)
      assert.equal(answer.status, status)
      assert.match(await answer.text(), /OperationOutcome/)
    })

  for (const parameter of [
    { name: 'jurisdiction', valueInteger: 1 },
    { name: 'trustDomain', valueBoolean: true },
    { name: 'planDefinition', resource: { resourceType: 'PlanDefinition', status: 'active' } },
    { name: 'since', valueInteger: 5 },
    { name: 'madeAt', valueString: '2026' },
  ])
    it(`refuses a parameter of another kind: ${JSON.stringify(parameter)}`, async () => {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/fhir+json' },
        body: JSON.stringify({ resourceType: 'Parameters', parameter: [parameter] }),
      })
      assert.ok([400, 422].includes(answer.status), String(answer.status))
      assert.match(await answer.text(), new RegExp(`OperationOutcome.*${parameter.name}`, 's'))
    })
})

describe('a kit without its server', () => {
  it('says the same of a credential of every format, of one that is revoked too', async () => {
    const kit = await verdictsBy((await kitOf(bed.server, scopeOf('XA'))).bytes, bed.server)
    const decisions = new Set<string>()
    for (const { id, text } of credentials) {
      const [byKit, byServer] = [await kit.evaluate(request(text)), await bed.server.evaluate.evaluate(request(text))]
      assert.deepEqual(evaluationReply(byKit), evaluationReply(byServer), id)
      decisions.add(`${byKit.status} ${byKit.decision}`)
    }
    await kit.close()
    for (const wanted of ['VERIFIED accepted', 'REVOKED unverified'])
      assert.ok(decisions.has(wanted), [...decisions].join())
  })

  it('says in every verdict that it is old, and gives none when it is too old', async () => {
    const { bytes } = await kitOf(bed.server, scopeOf('XA'))
    const { proved } = openKit(bytes, { pins: pinsOf(bed.server), now })
    const old = await verdictsBy(bytes, bed.server, () => proved.validUntil)
    for (const { id, text } of credentials) {
      const evaluation = await old.evaluate(request(text))
      if (checkOf(evaluation, 'signature')?.outcome === 'pass')
        assert.equal(checkOf(evaluation, 'key')?.outcome, 'warn', id)
      assert.ok(
        evaluation.issues.some(({ details }) => details?.text?.includes('the verifier kit is old')),
        id,
      )
    }
    await old.close()
    await assert.rejects(async () => verdictsBy(bytes, bed.server, () => proved.refusedFrom), KitError)
  })

  it('says in every verdict that it has not all keys, or not all rule sets', async () => {
    const plan = 'http://vidimus.org/fhir/PlanDefinition/valid-test'
    const scopes: [KitScope, string | undefined][] = [
      [scopeOf('XA'), undefined],
      [{ ...scopeOf('XA'), trustDomains: ['DCC'] }, 'trust domains DCC alone'],
      [{ ...scopeOf('XA'), planDefinitions: [plan] }, 'valid-test alone'],
    ]
    for (const [scope, text] of scopes) {
      const kit = await verdictsBy((await kitOf(bed.server, scope)).bytes, bed.server)
      for (const { id, text: credential } of credentials) {
        const { issues } = await kit.evaluate(request(credential))
        const told = issues.filter(({ details }) => details?.text?.includes('a verifier kit made with'))
        assert.equal(told.length, text === undefined ? 0 : 1, id)
        if (text !== undefined) assert.ok(told[0]?.details?.text?.includes(text), id)
      }
      await kit.close()
    }
  })

  it('answers no question that it is not made for', async () => {
    const scope = { ...scopeOf('XA'), trustDomains: ['DCC'] }
    const kit = await verdictsBy((await kitOf(bed.server, scope)).bytes, bed.server)
    const [one] = credentials
    const asked = request(one?.text ?? '')
    await assert.rejects(kit.evaluate({ ...asked, jurisdiction: 'FRA' }), /made for XA/)
    await assert.rejects(kit.evaluate({ ...asked, trustDomains: ['PH4H'] }), /the keys of DCC alone/)
    await kit.close()
  })

  it('needs no translator and no file of the server', async () => {
    const { bytes } = await kitOf(bed.server, scopeOf('XA'))
    const elsewhere = { ...bed.server, config: { ...bed.server.config, dataDir: path.join(folder, 'nowhere') } }
    const kit = await verdictsBy(bytes, elsewhere)
    const good = credentials.find(({ id }) => id === 'vaccination')
    const evaluation = await kit.evaluate(request(good?.text ?? ''))
    assert.deepEqual(kit.translatorPids(), [])
    assert.equal(evaluation.rules.length > 0, true)
    await kit.close()
  })
})
