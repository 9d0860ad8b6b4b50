/** CPU time for signing and judging one artefact, for a publication with Provenance, and for signing everything again. */
import type { ValueSet } from '../src/fhir/types.ts'
import { openAskedServer } from '../test/support/ask-server.ts'
import { testSigner } from '../test/support/cms-signer.ts'
import { type Publisher, provenanceOf, publisher, signature } from '../test/support/signed-artefact.ts'
import { es256 } from './support/harness/baselines.ts'
import type { Measured } from './support/harness/figure.ts'
import { costOnce, costs, type Effort, timeFigure } from './support/harness/measure.ts'

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

export async function bench(effort: Effort): Promise<Measured[]> {
  const artefacts = effort.isQuick ? 200 : 1_000
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
    const entries = await signedEntries(ministry, artefacts)
    const body = { resourceType: 'Bundle', type: 'transaction', entry: entries.flat() }
    const published = await costOnce(
      async () => {
        const { status, body: text } = await ask('POST', '', { body })
        if (status !== 200) throw new Error(text.toString().slice(0, 500))
      },
      { baseline: es256 },
    )
    const [first = []] = entries
    const [artefact, provenance] = first.map(({ resource }) => resource)
    const bundle = { resourceType: 'Bundle', type: 'collection', entry: [{ resource: artefact }] }
    const one = await costs(
      {
        judged: () => server.signatures.verify(provenance as never, artefact as never),
        signed: () => server.signatures.signBundle(bundle as never),
      },
      effort,
      es256,
    )
    return [
      timeFigure('signing one artefact', one.signed, 'ms', { target: { value: 0.3 } }),
      timeFigure('judging the signature of one', one.judged, 'ms', { target: { value: 0.3 } }),
      timeFigure('publication with Provenance and own signatures, each artefact', published, 'ms', {
        per: artefacts,
        target: { value: 3 },
        tolerance: 0.3,
        detail: `${artefacts} in one transaction`,
      }),
    ]
  } finally {
    await close()
  }
}

async function signedEntries(by: Publisher, artefacts: number) {
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
