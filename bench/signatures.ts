import type { ValueSet } from '../src/fhir/types.ts'
import { openAskedServer } from '../test/support/ask-server.ts'
import { testSigner } from '../test/support/cms-signer.ts'
import { type Publisher, provenanceOf, publisher, signature } from '../test/support/signed-artefact.ts'

/** One measured figure beside what it should be. */
interface Figure {
  name: string
  value: string
  target: string
}

const artefacts = 1_000

const valueSet = (id: string): ValueSet => ({
  resourceType: 'ValueSet',
  id,
  url: `http://example.org/ValueSet/${id}`,
  version: '1',
  name: 'Bench',
  status: 'active',
  compose: {
    include: [
      {
        system: 'http://example.org/codes',
        concept: Array.from({ length: 10 }, (_, at) => ({ code: `c${at}`, display: `Concept ${at} of ${id}` })),
      },
    ],
  },
})

/** CPU time for signing and judging one artefact, for a publication with Provenance, and for signing everything again. */
export async function bench(): Promise<Figure[]> {
  const ministry = await publisher('did:web:ministry.example')
  const signers = [
    { issuer: ministry.did, canonicalPrefixes: ['http://example.org'], keys: { keys: [ministry.publicJwk] } },
  ]
  const own = testSigner('P-256')
  const { server, ask, close } = await openAskedServer({
    SIGNERS: JSON.stringify(signers),
    SIGNING_KEY: own.key,
    SIGNING_CERTIFICATE: own.cert,
  })
  try {
    const entries = await signedEntries(ministry)
    const body = { resourceType: 'Bundle', type: 'transaction', entry: entries.flat() }
    const published = await timed(async () => {
      const { status, body: text } = await ask('POST', '', { body })
      if (status !== 200) throw new Error(text.toString().slice(0, 500))
    })
    const [first = []] = entries
    const [artefact, provenance] = first.map(({ resource }) => resource)
    const judged = await timed(async () => {
      for (let at = 0; at < artefacts; at++) await server.signatures.verify(provenance as never, artefact as never)
    })
    const bundle = { resourceType: 'Bundle', type: 'collection', entry: [{ resource: artefact }] }
    const signed = await timed(async () => {
      for (let at = 0; at < artefacts; at++) await server.signatures.signBundle(bundle as never)
    })
    return [
      { name: 'signing one artefact', value: perOne(signed), target: '< 0.3 ms' },
      { name: 'judging the signature of one', value: perOne(judged), target: '< 0.3 ms' },
      {
        name: `publication of ${artefacts} with Provenance and own signatures`,
        value: whole(published),
        target: '< 3000 ms',
      },
    ]
  } finally {
    await close()
  }
}

async function signedEntries(by: Publisher) {
  return Promise.all(
    Array.from({ length: artefacts }, async (_, at) => {
      const resource = valueSet(`v${at}`)
      const provenance = provenanceOf({ ...resource }, await signature({ ...resource }, by))
      return [
        { resource, request: { method: 'PUT', url: `ValueSet/${resource.id}` } },
        { resource: provenance, request: { method: 'POST', url: 'Provenance' } },
      ]
    }),
  )
}

/** CPU time of the process in milliseconds: other programs of the machine do not count. */
async function timed(task: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await task()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const perOne = (milliseconds: number): string => `${(milliseconds / artefacts).toFixed(2)} ms`
const whole = (milliseconds: number): string => `${milliseconds.toFixed(0)} ms`
