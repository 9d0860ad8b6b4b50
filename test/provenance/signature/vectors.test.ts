/** The vectors of the scheme GDHCN-FHIR-JWS/1, made with other code: result and first failing step of each. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readPrefix } from '../../../src/authority/canonical-prefix.ts'
import { isJsonObject } from '../../../src/base/json.ts'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { asResource, isOfType, parseJson } from '../../../src/fhir/json.ts'
import { resourceContent } from '../../../src/provenance/content.ts'
import { canonicalBytes } from '../../../src/provenance/signature/canonicalization.ts'
import { type AllowedSigner, allowedKeys } from '../../../src/provenance/signature/signers.ts'
import { verifyProvenance } from '../../../src/provenance/signature/verify.ts'
import { authorityOf } from '../../../src/publish/provenance/signing-authority.ts'
import { overShared, sharedPath } from '../../support/shared.ts'

interface Case {
  name: string
  expect: string | null
  resource?: JsonObject
  provenance?: JsonObject
  header?: JsonObject
  reorder?: boolean
  rawReplace?: [string, string]
  attach?: boolean
  clock?: string
  authority?: Authority
}

type Authority = { issuer: string; canonicalPrefixes: string[] }[]

interface Vectors {
  trustedKeys: { keys: ({ kid: string } & JsonObject)[] }
  authority: Authority
  resource: JsonObject
  canonical: string
  sha256: string
  detachedJws: string
  provenance: JsonObject
  published: { bytes: string; sha256: string; id: string }
  cases: Case[]
}

const read = (): Vectors => JSON.parse(readFileSync(sharedPath('corpora/provenance/vectors.json'), 'utf8'))

/** Sets members by their paths; null takes one away. */
function changed(given: JsonObject, changes: JsonObject = {}): JsonObject {
  const copy: JsonObject = structuredClone(given)
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split('.')
    const last = names.pop() ?? ''
    let holder: Json = copy
    for (const name of names) holder = (holder as Record<string, Json>)[name] ?? null
    if (value === null) delete (holder as JsonObject)[last]
    else (holder as JsonObject)[last] = value ?? null
  }
  return copy
}

const reversed = (value: Json): Json =>
  Array.isArray(value)
    ? value.map(reversed)
    : isJsonObject(value)
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([name, each]) => [name, reversed(each ?? null)]),
        )
      : value

function jwsOf({ detachedJws, canonical }: Vectors, { header, attach }: Case): string {
  const [head = '', , signature] = detachedJws.split('.')
  const told = { ...JSON.parse(Buffer.from(head, 'base64url').toString()), ...header }
  const newHead = header ? Buffer.from(JSON.stringify(told)).toString('base64url') : head
  return `${newHead}.${attach ? Buffer.from(canonical).toString('base64url') : ''}.${signature}`
}

function outcome(vectors: Vectors, each: Case): string | null {
  const allowed = (each.authority ?? vectors.authority).map(
    (entry): AllowedSigner => ({
      ...entry,
      canonicalPrefixes: entry.canonicalPrefixes.map(readPrefix),
      jurisdictions: ['*'],
      anchors: [],
      keys: vectors.trustedKeys.keys.map((jwk) => ({
        keyId: jwk.kid,
        publicKey: createPublicKey({ key: jwk, format: 'jwk' }),
      })),
    }),
  )
  const ordered = each.reorder ? reversed : (value: Json) => value
  const text = JSON.stringify(ordered(changed(vectors.resource, each.resource)))
  const resource = asResource(parseJson(each.rawReplace ? text.replace(...each.rawReplace) : text))
  const data = Buffer.from(jwsOf(vectors, each)).toString('base64')
  const given = changed(vectors.provenance, { 'signature.0.data': data, ...each.provenance })
  const provenance: unknown = JSON.parse(JSON.stringify(ordered(given)))
  assert.ok(isOfType(provenance, 'Provenance'))
  const { result, signatures } = verifyProvenance(
    { provenance, resource },
    {
      findKeys: (asked) => allowedKeys(allowed, asked),
      authority: authorityOf(allowed),
      at: new Date(each.clock ?? '2026-02-15T00:00:00Z'),
    },
  )
  const failed = signatures.flatMap(({ steps }) => steps).find((step) => step.outcome === 'fail')
  assert.equal(result, failed === undefined)
  return failed?.name ?? null
}

overShared.describe('the vectors of the scheme', () => {
  const vectors = read()
  overShared.test('there are 16', () => assert.equal(vectors.cases.length, 16))
  for (const each of vectors.cases)
    overShared.test(`${each.name}: ${each.expect ?? 'verifies'}`, () =>
      assert.equal(outcome(vectors, each), each.expect),
    )
  overShared.test('the canonical bytes, and those of the reference', () => {
    const resource = asResource(parseJson(JSON.stringify(vectors.resource)))
    assert.equal(canonicalBytes(resource, 'static').toString(), vectors.canonical)
    const { bytes, hash, id } = resourceContent(resource)
    assert.deepEqual({ bytes: bytes.toString(), sha256: hash, id }, vectors.published)
  })
})
