/** `$verify-trust` over HTTP: its answers, and what it says of a question that is none. */
import assert from 'node:assert/strict'
import { sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readConfig } from '../../../src/config.ts'
import { type DemoIssuer, demoIssuer } from '../../../src/demo/demo-issuer.ts'
import { createServer, type VidimusServer } from '../../../src/server.ts'
import { derivedKeyId } from '../../../src/trust/keys/trusted-key.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-verify-trust-'))
let server: VidimusServer
let url = ''
let issuer: DemoIssuer
let keyId = ''

before(async () => {
  server = await createServer(
    readConfig({ PORT: '0', DATA_DIR: folder, STORAGE_URL: 'sqlite::memory:', ACCESS_LOG: 'off' }),
  )
  url = await server.listen()
  issuer = demoIssuer(folder, new Date())
  keyId = derivedKeyId(issuer.certificate)
})
after(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Given {
  name: string
  [value: string]: string
}

/** A Parameters or OperationOutcome. */
interface Body {
  resourceType: string
  parameter: { name: string; part?: object[] }[]
  issue: { expression?: string[] }[]
}

async function post(...parameter: Given[]): Promise<{ status: number; body: Body }> {
  const reply = await fetch(`${url}/fhir/$verify-trust`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Parameters', ...(parameter.length > 0 ? { parameter } : {}) }),
  })
  return { status: reply.status, body: JSON.parse(await reply.text()) }
}

/** Values of an answer by name; of parts those of their parts. */
function valuesOf(body: Body, name: string): unknown[] {
  return body.parameter
    .filter((each) => each.name === name)
    .map((each) => each.part ?? Object.entries(each).find(([member]) => member.startsWith('value'))?.[1])
}

const base64url = (value: string | Uint8Array) => Buffer.from(value).toString('base64url')

function jws(payload: string, isDetached: boolean): string {
  const head = base64url(JSON.stringify({ alg: 'ES256', kid: keyId }))
  const signature = sign('sha256', Buffer.from(`${head}.${base64url(payload)}`), {
    key: issuer.privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return `${head}.${isDetached ? '' : base64url(payload)}.${base64url(signature)}`
}

describe('$verify-trust', () => {
  it('answers by whose authority and on which list, with every step', async () => {
    for (const asked of [
      [{ name: 'jwt', valueString: jws('{"sub":"somebody"}', false) }],
      [
        { name: 'jws', valueString: jws('content', true) },
        { name: 'content', valueBase64Binary: Buffer.from('content').toString('base64') },
      ],
      [{ name: 'certificate', valueString: issuer.certificate.toString() }],
      [{ name: 'certificate', valueString: issuer.certificate.raw.toString('base64') }],
      [{ name: 'keyId', valueString: keyId }],
    ]) {
      const conditions = [
        { name: 'usage', valueCode: 'DSC' },
        { name: 'domain', valueCode: 'DCC' },
        { name: 'participant', valueCode: 'XA' },
      ]
      const { status, body } = await post(...asked, ...conditions)
      assert.equal(status, 200)
      assert.deepEqual(valuesOf(body, 'result'), [true], JSON.stringify(body))
      assert.deepEqual(
        [valuesOf(body, 'participant'), valuesOf(body, 'list'), valuesOf(body, 'keyId')],
        [['XXA'], ['demo'], [keyId]],
      )
      assert.equal(valuesOf(body, 'sca').length, 1)
      assert.equal(valuesOf(body, 'step').length, 10)
    }
  })

  it('answers false, with the step that fails, and names nobody', async () => {
    for (const asked of [
      [{ name: 'jwt', valueString: 'garbage' }],
      [{ name: 'certificate', valueString: 'garbage' }],
      [{ name: 'certificate', valueString: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' }],
      [{ name: 'keyId', valueString: 'unknown' }],
      [
        { name: 'keyId', valueString: keyId },
        { name: 'usage', valueCode: 'UP' },
      ],
      [
        { name: 'keyId', valueString: keyId },
        { name: 'at', valueDateTime: '1990-01-01' },
      ],
    ]) {
      const { status, body } = await post(...asked)
      assert.equal(status, 200, JSON.stringify(body))
      assert.deepEqual(valuesOf(body, 'result'), [false])
      assert.deepEqual(
        ['participant', 'keyId', 'sca', 'list'].flatMap((name) => valuesOf(body, name)),
        [],
      )
      assert.ok(JSON.stringify(valuesOf(body, 'step')).includes('"fail"'))
    }
  })

  it('refuses a question that is none, and names the place', async () => {
    const wrong: [RegExp, ...Given[]][] = [
      [/Parameters\.parameter/],
      [/keyId.*jwt|jwt.*keyId/s, { name: 'jwt', valueString: 'x' }, { name: 'keyId', valueString: 'x' }],
      [/'jws'/, { name: 'jws', valueString: 'x' }],
      [/'content'/, { name: 'keyId', valueString: 'x' }, { name: 'content', valueBase64Binary: 'AAAA' }],
      [/'participant'/, { name: 'keyId', valueString: 'x' }, { name: 'participant', valueCode: 'nowhere' }],
      [/at/, { name: 'keyId', valueString: 'x' }, { name: 'at', valueDateTime: 'yesterday' }],
      [/parameter\[1\]/, { name: 'keyId', valueString: 'x' }, { name: 'domains', valueCode: 'DCC' }],
      [/parameter\[1\]/, { name: 'keyId', valueString: 'x' }, { name: 'keyId', valueString: 'y' }],
    ]
    for (const [place, ...parameters] of wrong) {
      const { status, body } = await post(...parameters)
      assert.ok(status === 400 || status === 422, `${status} ${JSON.stringify(body)}`)
      assert.equal(body.resourceType, 'OperationOutcome')
      assert.match(JSON.stringify(body.issue.map(({ expression }) => expression)), place)
    }
  })

  it('never gives the message back', async () => {
    const { body } = await post({ name: 'jwt', valueString: jws('{"name":"SECRET","exp":1}', false) })
    assert.deepEqual(valuesOf(body, 'result'), [false])
    assert.ok(
      !JSON.stringify(body).includes('SECRET') && !JSON.stringify(body).includes(base64url('SECRET').slice(0, 6)),
    )
    const inAddress = await fetch(`${url}/fhir/$verify-trust?jwt=SECRET`)
    assert.ok(inAddress.status >= 400)
    assert.ok(!(await inAddress.text()).includes('SECRET'))
  })

  it('is declared for clients', async () => {
    const read = async (address: string) => JSON.parse(await (await fetch(address)).text())
    const { rest } = await read(`${url}/fhir/metadata`)
    const declared = rest[0].operation.find(({ name }: { name: string }) => name === 'verify-trust')
    const definition = await read(declared.definition)
    assert.equal(definition.resourceType, 'OperationDefinition')
    const names = definition.parameter
      .filter(({ use }: { use: string }) => use === 'in')
      .map(({ name }: { name: string }) => name)
    assert.deepEqual(names, ['jwt', 'jws', 'content', 'certificate', 'keyId', 'domain', 'usage', 'participant', 'at'])
  })
})
