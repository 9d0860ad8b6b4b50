import { createGatewayClient } from '../src/gateway/client.ts'
import type { GatewayReference, ReferenceContent } from '../src/gateway/reference.ts'
import { decide } from '../src/gateway/register/decide.ts'

/** One measured figure beside what it should be. */
interface Figure {
  name: string
  value: string
  target: string
}

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

/** Registration at a gateway: what is to be done for 1,000 references in a list of 5,000, and that list read. CPU of this process. */
export async function bench(): Promise<Figure[]> {
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
  const deciding = (name: string, rows: GatewayReference[], kept: typeof known): Figure => ({
    name: `1,000 references decided, ${name}`,
    value: `${median(() => decide({ country: 'XA', base, wanted, known: kept, rows })).toFixed(1)} ms`,
    target: '< 50 ms',
  })
  const body = Buffer.from(JSON.stringify(same))
  const request = async () => ({ status: 200, headers: {}, body })
  const client = createGatewayClient({ id: 'main', country: 'XA', sign: undefined, request })
  const before = cpu()
  await client.references()
  const reading = cpu() - before
  return [
    deciding('all in order', same, known),
    deciding('all changed', older, known),
    deciding('all changed, and nothing known', older, []),
    {
      name: `a list of 5,000 references read (${(body.length / 1e6).toFixed(1)} MB)`,
      value: `${reading.toFixed(0)} ms`,
      target: '–',
    },
  ]
}

const cpu = () => process.cpuUsage().user / 1000

/** Milliseconds of CPU of the middle of 15 runs. */
function median(run: () => void): number {
  const times = Array.from({ length: 15 }, () => {
    const before = cpu()
    run()
    return cpu() - before
  })
  return times.sort((a, b) => a - b)[7] ?? 0
}
