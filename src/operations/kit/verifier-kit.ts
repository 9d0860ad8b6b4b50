import { input, output } from '../../fhir/declare-parameter.ts'
import { primitiveFault } from '../../fhir/elements.ts'
import { badRequest } from '../../fhir/error.ts'
import {
  defineOperation,
  type OperationCall,
  type OperationReply,
  textParameter,
  textParameters,
} from '../../fhir/operation.ts'
import { readScope } from '../../kit/scope.ts'
import type { KitAnswer } from '../../kit/shelf.ts'
import type { OperationContext } from '../context.ts'

/** `$verifier-kit`: what a verifier needs without a network, as one signed file. */
export const verifierKit = defineOperation<OperationContext>({
  name: 'verifier-kit',
  title: 'Verifier kit',
  description:
    'Answers what a verifier needs without a network as one file (a FHIR package, tar and gzip), the same bytes for the same content: the active rule sets of a jurisdiction and all that they lean on, the maps of every format, the trusted keys, what is distrusted and revoked, and a signed manifest with the hash of each. The ETag is the hash of the manifest. With the hash of an earlier kit it answers what has changed since, 304 when nothing has, and the whole kit when that earlier one is not known (Kit-Answer says which).',
  system: true,
  get: true,
  strict: true,
  costly: true,
  parameters: [
    input('jurisdiction', 'code', 'The verifying jurisdiction, ISO 3166-1; default that of the server.'),
    input('trustDomain', 'code', 'Domains of the network whose keys are wanted; default all.', '0..*'),
    input(
      'planDefinition',
      'canonical',
      'Rule sets that are wanted; default those that apply in the jurisdiction.',
      '0..*',
    ),
    input('since', 'string', 'Hash of the kit that is in use: what has changed since is answered.'),
    input(
      'madeAt',
      'instant',
      'With since: when that kit was made. Where its content is the newest and was signed again, the new signature is answered in place of 304.',
    ),
    output('return', 'Binary', 'The kit, or what has changed (application/gzip)', '1..1'),
  ],
  async handle(call, { verifierKits }) {
    const { parameters, client } = call
    const kits = verifierKits()
    const scope = readScope({
      jurisdiction: textParameter(parameters, 'jurisdiction') ?? kits.jurisdiction,
      trustDomains: textParameters(parameters, 'trustDomain'),
      planDefinitions: textParameters(parameters, 'planDefinition'),
    })
    return replyOf(
      await kits.answer(scope, { since: sinceOf(call), madeAt: madeAtOf(call), client }),
      scope.jurisdiction,
    )
  },
})

/** @throws FhirError 400 for what is no hash */
function sinceOf({ parameters }: OperationCall): string | undefined {
  const since = textParameter(parameters, 'since')?.toLowerCase()
  if (since === undefined || /^[0-9a-f]{64}$/.test(since)) return since
  throw badRequest({
    text: 'since is the hash of a kit: 64 hexadecimal digits, as its ETag has them.',
    expression: 'since',
  })
}

/** @throws FhirError 400 for what is no instant */
function madeAtOf({ parameters }: OperationCall): Date | undefined {
  const text = textParameter(parameters, 'madeAt')
  if (text === undefined) return undefined
  const at = new Date(text)
  if (primitiveFault('instant', text) === undefined && !Number.isNaN(at.getTime())) return at
  throw badRequest({ text: 'madeAt is an instant, such as 2026-01-31T12:00:00Z.', expression: 'madeAt' })
}

const contentType = 'application/gzip'

function replyOf(answer: KitAnswer, jurisdiction: string): OperationReply {
  const { hash, validUntil, bytes } = answer.kit
  const headers = { ETag: `"${hash}"`, 'Kit-Valid-Until': validUntil.toISOString() }
  if (answer.kind === 'unchanged') return { status: 304, headers: { ...headers, 'Kit-Answer': 'unchanged' } }
  const named = (what: string) => ({
    ...headers,
    'Content-Disposition': `attachment; filename="${what}-${jurisdiction}-${hash.slice(0, 12)}.tar.gz"`,
  })
  if (answer.kind === 'delta') {
    const { base, body } = answer
    const told = { 'Kit-Answer': 'delta', 'Kit-Base': base, 'Content-Length': String(body.length) }
    return { headers: { ...named('verifier-kit-delta'), ...told }, raw: { contentType, body: once(body) } }
  }
  const told = { 'Kit-Answer': answer.isBaseUnknown ? 'whole; the kit named by since is not known' : 'whole' }
  return {
    headers: { ...named('verifier-kit'), ...told, 'Content-Length': String(bytes) },
    raw: { contentType, body: answer.body() },
  }
}

/** As a stream, which is sent as it is: it is packed already. */
async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body
}
