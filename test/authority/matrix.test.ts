/**
 * The authorisation matrix: every interaction and every operation of the code's own table, by every way of proof, good and bad. What is
 * expected stands in cases/matrix.json; the table of what was found is printed.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sha256, sha256Hex } from '../../src/base/crypto/sha256.ts'
import { readConfig } from '../../src/config.ts'
import { writeCertificate } from '../../src/demo/certificate-writer.ts'
import { asResource } from '../../src/fhir/json.ts'
import { operations } from '../../src/operations/index.ts'
import { createServer, type VidimusServer } from '../../src/server.ts'
import { hostCertificate } from '../support/https-peer.ts'
import { ecKey, goodClaims, jwsOf } from './support/bed.ts'
import { signed } from './support/signed-request.ts'

type Outcomes = Record<string, string>
interface Row {
  name: string
  operation?: string
  kind: string
  method: string
  path: string
  body?: object | string
  contentType?: string
  headers?: Record<string, string>
}
const { kinds, rows } = JSON.parse(readFileSync(new URL('cases/matrix.json', import.meta.url), 'utf8')) as {
  kinds: Record<string, Outcomes>
  rows: Row[]
}
const columns = Object.keys(kinds.open ?? {})

const issuerKey = ecKey('issuer')
const audience = 'https://this.example.org'
const now = () => Math.floor(Date.now() / 1000)
const token = (more: Record<string, unknown>) =>
  jwsOf(
    { alg: 'ES256', kid: 'issuer', typ: 'at+jwt' },
    goodClaims({
      aud: audience,
      iat: now(),
      exp: now() + 600,
      canonical_prefixes: ['http://a.org'],
      jurisdictions: ['AT'],
      ...more,
    }),
    issuerKey.privateKey,
  )

/** A pair with a certificate of Austria that it signed itself. */
function pairWithCertificate(commonName: string): { privateKey: KeyObject; der: Buffer } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = { commonName, country: 'AT' }
  const [notBefore, notAfter] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 86_400_000)]
  const content = { subject, publicKey, serialNumber: Buffer.from([1]), notBefore, notAfter }
  return { privateKey, der: writeCertificate(content, { name: subject, publicKey, privateKey }) }
}
const [upload, client] = [pairWithCertificate('upload'), pairWithCertificate('client')]
const uploadId = sha256(upload.der).subarray(0, 8).toString('base64')

interface Answer {
  status: number
  text: string
  /** Where a job tells how far it is. */
  location?: string | undefined
}
type Proof = (asked: Asked) => Promise<Answer>
interface Asked {
  method: string
  path: string
  body: string
  headers: Record<string, string>
}

describe('the authorisation matrix', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-matrix-'))
  let server: VidimusServer
  let address = ''
  const found = new Map<string, string[]>()
  let count = 0

  before(async () => {
    const host = hostCertificate('localhost')
    const file = (name: string, text: string) => {
      writeFileSync(join(dataDir, name), text, { mode: 0o600 })
      return join(dataDir, name)
    }
    mkdirSync(join(dataDir, 'uploads'))
    file('uploads/up.pem', new X509Certificate(upload.der).toString())
    server = await createServer(
      readConfig({
        STORAGE_URL: 'sqlite::memory:',
        DATA_DIR: dataDir,
        PORT: '0',
        ACCESS_LOG: 'off',
        OPEN_OPERATIONS: 'none',
        DEVELOPMENT_TOKEN: 'development',
        TOKEN_ISSUER: String(goodClaims().iss),
        TOKEN_JWKS_URL: file('keys.json', JSON.stringify({ keys: [issuerKey.jwk] })),
        TOKEN_AUDIENCE: audience,
        TOKEN_ENDPOINT: 'https://issuer.example.org/token',
        TLS_PORT: '0',
        TLS_CERTIFICATE: file('tls.pem', host.cert),
        TLS_KEY: file('tls.key', host.key),
        TLS_CLIENT_CERTIFICATES: 'request',
        TRUST_LISTS: JSON.stringify([
          {
            name: 'uploads',
            kind: 'certificates',
            location: join(dataDir, 'uploads'),
            participant: 'AUT',
            usage: 'UP',
          },
        ]),
        PARTICIPANTS: JSON.stringify([
          {
            participant: 'AT',
            canonicalPrefixes: ['http://a.org'],
            jurisdictions: ['AT'],
            certificates: [sha256Hex(client.der)],
            networkKeys: true,
          },
        ]),
      }),
    )
    address = await server.listen()
  })
  after(async () => {
    await server.close()
    rmSync(dataDir, { recursive: true, force: true })
    const width = Math.max(...rows.map(({ name }) => name.length))
    const line = (name: string, cells: readonly string[]) =>
      `${name.padEnd(width)} | ${cells.map((each, at) => each.padEnd(columns[at]?.length ?? 0)).join(' | ')}`
    // The table is a result of the test.
    process.stdout.write(`${[line('', columns), ...[...found].map(([name, cells]) => line(name, cells))].join('\n')}\n`)
  })

  /** What is there before every request. */
  const reset = async () => {
    const set = (id: string, url: string, status: string) =>
      asResource({
        resourceType: 'ValueSet',
        id,
        url,
        status,
        name: 'Name',
        compose: { include: [{ system: 'http://a.org/c', concept: [{ code: 'a' }] }] },
        ...(status === 'active' ? { version: '1' } : {}),
        jurisdiction: [{ coding: [{ system: 'urn:iso:std:iso:3166', code: 'AT' }] }],
      })
    const sets = [
      set('public', 'http://a.org/x/public', 'active'),
      set('mine', 'http://a.org/x/mine', 'draft'),
      set('theirs', 'http://c.org/theirs', 'draft'),
      set('theirs-active', 'http://c.org/theirs-active', 'active'),
    ]
    await server.storage.write(
      sets.map((resource) => ({ method: 'PUT', type: 'ValueSet', id: String(resource.id), resource })),
    )
  }

  const send = (asked: Asked, base = address, options: object = {}): Promise<Answer> =>
    new Promise((done, fail) => {
      const { method, path, body, headers } = asked
      const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const url = `${base}/fhir${path === '' ? '' : `/${path}`}`
      const start = base.startsWith('https:') ? httpsRequest : httpRequest
      const sent = start(url, { method, headers: { ...headers, ...length }, agent: false, ...options }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        const { statusCode: status = 0, headers } = response
        response.on('end', () => done({ status, text, location: headers['content-location'] }))
        response.on('error', fail)
      })
      sent.on('error', fail)
      sent.end(body)
    })

  const bearer = (given: string) => (asked: Asked) =>
    send({ ...asked, headers: { ...asked.headers, authorization: `Bearer ${given}` } })
  const withSignature = (asked: Asked) => {
    const { method, path, body } = asked
    const url = `/fhir${path === '' ? '' : `/${path}`}`
    const given = { key: upload.privateKey, keyId: uploadId, method, url, body, base: address, created: now() }
    return { ...asked, headers: { ...asked.headers, ...signed(given).headers } }
  }
  const proofs: Record<string, Proof> = {
    none: (asked) => send(asked),
    read: bearer(token({ scope: 'system/*.rs' })),
    write: bearer(token({})),
    'other owner': bearer(token({ canonical_prefixes: ['http://b.org'] })),
    'other jurisdiction': bearer(token({ jurisdictions: ['DE'] })),
    expired: bearer(token({ iat: now() - 600, exp: now() - 60 })),
    replayed: async (asked) => {
      const one = withSignature(asked)
      await send(one)
      return send(one)
    },
    'wrong audience': bearer(token({ aud: 'https://other.example.org' })),
    development: bearer('development'),
    'network key': (asked) => send(withSignature(asked)),
    mTLS: (asked) => {
      const cert = new X509Certificate(client.der).toString()
      const key = String(client.privateKey.export({ type: 'pkcs8', format: 'pem' }))
      return send(asked, `https://127.0.0.1:${server.ports().tlsPort}`, { cert, key, rejectUnauthorized: false })
    },
  }

  /** What comes of a job, asked by who started it; any other answer as it is. */
  const settled = async (answer: Answer, proof: Proof): Promise<Answer> => {
    if (answer.status !== 202 || answer.location === undefined) return answer
    const path = answer.location.slice(`${address}/fhir/`.length)
    for (;;) {
      const { status, text } = await proof({ method: 'GET', path, body: '', headers: {} })
      if (status !== 202) {
        assert.equal(status, 200, text)
        const [entry] = (JSON.parse(text) as { entry: { response: { status: string } }[] }).entry
        return { status: Number.parseInt(entry?.response.status ?? '', 10), text }
      }
      await new Promise((next) => setTimeout(next, 10))
    }
  }

  /** 401, 403, or that who asks was no reason to refuse it. A batch answers for its one entry. */
  const outcomeOf = ({ status, text }: { status: number; text: string }, { body }: Row): string => {
    assert.ok(status > 0 && status < 500, `${status}: ${text.slice(0, 300)}`)
    const isBatch = typeof body === 'object' && 'type' in body && body.type === 'batch'
    const entry =
      status === 200 && isBatch
        ? (JSON.parse(text) as { entry: { response: { status: string } }[] }).entry[0]
        : undefined
    const said = entry ? Number.parseInt(entry.response.status, 10) : status
    return said === 401 || said === 403 ? String(said) : 'passes'
  }

  for (const row of rows)
    it(row.name, async () => {
      const cells: string[] = []
      for (const column of columns) {
        await reset()
        count += 1
        const filled = (text: string) => text.replaceAll('{n}', String(count))
        const { body = '', contentType = 'application/fhir+json' } = row
        const text = filled(typeof body === 'string' ? body : JSON.stringify(body))
        const headers: Record<string, string> = text === '' ? {} : { 'content-type': contentType }
        for (const [name, value] of Object.entries(row.headers ?? {})) headers[name] = filled(value)
        const proof = proofs[column]
        assert.ok(proof)
        const reply = await settled(
          await proof({ method: row.method, path: filled(row.path), body: text, headers }),
          proof,
        )
        cells.push(outcomeOf(reply, row))
        // What is to pass a write is done, and not refused for another reason.
        if (row.kind === 'write' && cells.at(-1) === 'passes')
          assert.ok(reply.status < 300, `${column}: ${reply.status} ${reply.text.slice(0, 300)}`)
      }
      found.set(row.name, cells)
      assert.deepEqual(Object.fromEntries(columns.map((name, at) => [name, cells[at]])), kinds[row.kind])
    })

  it('has every operation, at every level where it changes something', () => {
    const named = new Set(rows.map(({ operation }) => operation))
    const missing = operations.filter(({ name }) => !named.has(name)).map(({ name }) => `$${name}`)
    assert.deepEqual(missing, [], 'put a row for each into test/authority/cases/matrix.json')
    const writing = operations.filter(({ affectsState }) => affectsState).map(({ name }) => name)
    const kindsOf = (name: string) => rows.filter(({ operation }) => operation === name).map(({ kind }) => kind)
    for (const name of writing)
      assert.ok(
        kindsOf(name).every((kind) => kind !== 'open'),
        `$${name} writes, and is not open`,
      )
  })

  it('has every way of proof in every kind', () => {
    for (const [name, outcomes] of Object.entries(kinds)) assert.deepEqual(Object.keys(outcomes), columns, name)
    assert.deepEqual(Object.keys(proofs), columns)
  })
})
