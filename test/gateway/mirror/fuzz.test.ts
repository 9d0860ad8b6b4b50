import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import { hashExtension } from '../../../src/gateway/mirror/content-hash.ts'
import { MirrorError } from '../../../src/gateway/mirror/mirror-error.ts'
import { openSigned } from '../../../src/gateway/mirror/open-signed.ts'
import { readContent } from '../../../src/gateway/mirror/read-content.ts'
import { openJws } from '../../../src/provenance/jws.ts'
import { readForeignPackage } from '../../../src/publish/mirror.ts'

const reading = {
  url: 'https://a.example/fhir/r/x.jws',
  service: 'ValueSet',
  request: async () => ({ status: 200, headers: {}, body: Buffer.from('{"resourceType":"ValueSet"}') }),
  readPackage: readForeignPackage,
  known: new Map<string, string>(),
}
/** Whatever comes, it is a ValueSet with a url or a plain refusal. */
async function holds(content: Buffer): Promise<void> {
  try {
    const { resources } = await readContent(content, reading)
    for (const { resource } of resources) {
      assert.equal(resource.resourceType, 'ValueSet')
      assert.ok('url' in resource && typeof resource.url === 'string' && !resource.url.includes('|'))
    }
  } catch (error) {
    assert.ok(error instanceof MirrorError || error instanceof FhirError, String(error))
  }
}

const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
const url = fc.constantFrom(
  'https://a.example/1',
  'https://b.example/1',
  'http://a.example',
  'x|1',
  '',
  'https://a.example:1/',
)
const entry = fc.record(
  {
    type: fc.constantFrom('composed-of', 'depends-on', 7),
    url: fc.oneof(url, scalar),
    resource: fc.oneof(url, scalar),
    extension: fc.oneof(
      scalar,
      fc.array(
        fc.record({ url: fc.constant(hashExtension), valueString: fc.oneof(scalar, fc.constant('0'.repeat(64))) }),
      ),
    ),
  },
  { requiredKeys: [] },
)
const resource = fc.record(
  {
    resourceType: fc.constantFrom('ValueSet', 'Library', 'PlanDefinition', 'Bundle', 'Patient', 'ValueSet', 7),
    type: fc.oneof(scalar, fc.constant('collection'), fc.constant({ coding: [{ code: 'asset-collection' }] })),
    url: fc.oneof(url, scalar),
    version: scalar,
    status: scalar,
    meta: fc.oneof(scalar, fc.object()),
    relatedArtifact: fc.oneof(scalar, fc.array(fc.oneof(entry, scalar))),
    entry: fc.oneof(
      scalar,
      fc.array(
        fc.oneof(
          scalar,
          fc.record({ resource: fc.oneof(fc.object(), fc.constant({ resourceType: 'ValueSet', url: 'u' })) }),
        ),
      ),
    ),
  },
  { requiredKeys: ['resourceType'] },
)

it('content of any shape is a value set or a plain refusal', () =>
  fc.assert(
    fc.asyncProperty(resource, (made) => holds(Buffer.from(JSON.stringify(made)))),
    { numRuns: 2_000 },
  ))

it('bytes of any kind are a plain refusal', () =>
  fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 600 }),
        fc.uint8Array({ maxLength: 600 }).map((bytes) => Uint8Array.of(0x1f, 0x8b, 8, 0, ...bytes)),
      ),
      (bytes) => holds(Buffer.from(bytes)),
    ),
    { numRuns: 500 },
  ))

it('nothing counts as signed that nobody signed', () =>
  fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }).map(Buffer.from),
        fc.string().map((text) => Buffer.from(text)),
      ),
      fc.constantFrom('JWS', 'CMS', 'NONE', 'none', '', 'constructor'),
      (body, signatureType) => {
        const signers = { uploads: [], authorities: [], documentSigners: new Set<string>(), isWithdrawn: () => false }
        const opening = { signatureType, isUnsignedAllowed: false, signers, openJws, now: new Date() }
        return assert.rejects(openSigned(body, opening), MirrorError)
      },
    ),
    { numRuns: 500 },
  ))
