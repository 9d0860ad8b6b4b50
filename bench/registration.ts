/** Registration at a gateway: what is to be done for 1,000 references in a list of 5,000, and that list read. CPU of this process. */
import { createGatewayClient } from '../src/gateway/client.ts'
import type { GatewayReference, ReferenceContent } from '../src/gateway/reference.ts'
import { decide } from '../src/gateway/register/decide.ts'
import type { Measured } from './support/harness/figure.ts'
import { costOfWork, costs, type Effort, timeFigure } from './support/harness/measure.ts'

const base = 'https://own.example'
const many = Array.from({ length: 1000 }, (_, at) => at)
const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

const contentOf = (number: number, version: string): ReferenceContent => ({
  url: `${base}/fhir/r/${version}${number}.jws`,
  country: 'XA',
  type: 'FHIR',
  service: 'ValueSet',
  thumbprint: 'ab'.repeat(32),
  name: `artefact ${number}`,
  // As long as the certificate of a host on P-256 in base64.
  sslPublicKey: 'M'.repeat(1000),
  contentType: 'application/jose',
  signatureType: 'JWS',
  referenceVersion: version,
  domain: 'DDCC',
})

export async function bench(effort: Effort): Promise<Measured[]> {
  const rowOf = (number: number, content: ReferenceContent): GatewayReference => ({
    ...content,
    uuid: uuid(number),
    sourceGateway: undefined,
  })
  const others = Array.from({ length: 4000 }, (_, at) => rowOf(at + 5000, { ...contentOf(at, 'a'), country: 'XB' }))
  const wanted = many.map((at) => ({ key: String(at), content: contentOf(at, 'a') }))
  const known = many.map((at) => ({ key: String(at), uuid: uuid(at) }))
  const listOf = (version: string) => [...many.map((at) => rowOf(at, contentOf(at, version))), ...others]
  const [same, older] = [listOf('a'), listOf('b')]
  const deciding = (rows: GatewayReference[], kept: typeof known) => () =>
    decide({ country: 'XA', base, wanted, known: kept, rows })
  const decided = await costs(
    {
      'all in order': deciding(same, known),
      'all changed': deciding(older, known),
      'all changed, and nothing known': deciding(older, []),
    },
    effort,
  )
  const body = Buffer.from(JSON.stringify(same))
  const request = async () => ({ status: 200, headers: {}, body })
  const client = createGatewayClient({ id: 'main', country: 'XA', sign: undefined, request })
  const reading = await costOfWork(() => client.references(), effort)
  return [
    ...Object.entries(decided).map(([name, cost]) =>
      timeFigure(`1,000 references decided, ${name}`, cost, 'ms', { target: { value: 50 } }),
    ),
    timeFigure('a list of 5,000 references read', reading, 'ms', { detail: `${(body.length / 1e6).toFixed(1)} MB` }),
  ]
}
