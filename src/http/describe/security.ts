/** How somebody proves who he is, as the CapabilityStatement and the OpenAPI description tell it. */
import type { CapabilityStatement } from '../../fhir/types.ts'
import type { HttpContext, HttpSettings } from '../context.ts'

type Security = NonNullable<NonNullable<CapabilityStatement['rest']>[number]['security']>
type Proof = NonNullable<HttpSettings['authority']>['proofs'][number]

const services = 'http://terminology.hl7.org/CodeSystem/restful-security-service'
const oauthUris = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris'

/** The ways that are there; a server that is told nothing of them knows the development token alone. */
function proofsOf({ authority, developmentToken }: HttpSettings): readonly Proof[] {
  return authority?.proofs ?? (developmentToken === undefined ? [] : ['development'])
}

const sentences: Readonly<Record<Proof, string>> = {
  token: 'Writes are permitted by the scopes of an access token (SMART Backend Services), a bearer token.',
  certificate: 'Participants write with their client certificates (mutual TLS).',
  'network-key':
    'Participants write with requests that are signed with their upload key (RFC 9421, over @method, @target-uri and content-digest).',
  development:
    'This server is for development: writes need the development token as a bearer token (RFC 6750), whose holder may do everything.',
}

const codings: Readonly<Partial<Record<Proof, { code: string; display: string }>>> = {
  token: { code: 'SMART-on-FHIR', display: 'SMART-on-FHIR' },
  certificate: { code: 'Certificates', display: 'Certificates' },
  development: { code: 'OAuth', display: 'OAuth' },
}

/** `CapabilityStatement.rest.security`. */
export function security({ settings }: Pick<HttpContext, 'settings'>): Security {
  const proofs = proofsOf(settings)
  const token = settings.authority?.tokenEndpoint
  const writes =
    settings.routes?.writes === false
      ? ['Writes are switched off.']
      : proofs.length === 0
        ? ['No authority is configured: every write is refused.']
        : proofs.map((each) => sentences[each])
  const service = proofs.flatMap((each) => {
    const coding = codings[each]
    return coding
      ? [{ coding: [{ system: services, ...coding }], text: each === 'certificate' ? 'Mutual TLS' : 'Bearer token' }]
      : []
  })
  return {
    ...(token === undefined ? {} : { extension: [{ url: oauthUris, extension: [{ url: 'token', valueUri: token }] }] }),
    cors: true,
    ...(service.length > 0 ? { service } : {}),
    description: ['Reads, terminology and evaluation are open.', ...writes].join(' '),
  }
}

type Node = { [member: string]: unknown }

/** Security schemes of OpenAPI 3.1, by what requests name them. */
export function securitySchemes({ settings }: Pick<HttpContext, 'settings'>): Node {
  const proofs = proofsOf(settings)
  const tokenUrl = settings.authority?.tokenEndpoint
  const flows = {
    clientCredentials: { tokenUrl, scopes: { 'system/*.cruds': 'Everything; narrower ones by type and letter' } },
  }
  return {
    bearer: { type: 'http', scheme: 'bearer' },
    ...(tokenUrl === undefined ? {} : { smart: { type: 'oauth2', flows } }),
    ...(proofs.includes('certificate') ? { certificate: { type: 'mutualTLS' } } : {}),
    ...(proofs.includes('network-key')
      ? {
          signature: {
            type: 'apiKey',
            in: 'header',
            name: 'Signature',
            description: 'HTTP message signature (RFC 9421) with Signature-Input and, with a body, Content-Digest',
          },
        }
      : {}),
  }
}
