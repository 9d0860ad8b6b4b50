/** `/.well-known/smart-configuration` (SMART App Launch 2.2, "Conformance"). */
import type { FindDocument, PublicDocument } from '../base/public-document.ts'
import { scopeText } from './scopes.ts'
import type { AuthoritySettings } from './settings/authority-settings.ts'

const NAME = '/.well-known/smart-configuration'

/** What the document tells. */
interface SmartConfiguration {
  /** Public address without `/fhir`. */
  baseUrl: string
  tokenEndpoint: string | undefined
  /** Whether that is this server's own. */
  isOwn: boolean
  settings: Pick<AuthoritySettings, 'clients'>
}

/** The document at the root of the server and below the FHIR base; where no token endpoint is known there is none. */
export function smartConfiguration(given: SmartConfiguration): FindDocument {
  const { baseUrl, tokenEndpoint } = given
  if (tokenEndpoint === undefined) return () => undefined
  const root = new URL(baseUrl).pathname.replace(/\/$/, '')
  const paths = [`${root}${NAME}`, `${root}/fhir${NAME}`]
  const document = describe({ ...given, tokenEndpoint })
  return ({ path }) => (paths.includes(path) ? document : undefined)
}

function describe({ tokenEndpoint, isOwn, settings }: SmartConfiguration & { tokenEndpoint: string }): PublicDocument {
  const registered = settings.clients.flatMap(({ scopes }) => scopes.map(scopeText))
  const own = {
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
  }
  const body = {
    token_endpoint: tokenEndpoint,
    grant_types_supported: ['client_credentials'],
    ...(isOwn ? own : {}),
    scopes_supported: registered.length > 0 && isOwn ? [...new Set(registered)].sort() : ['system/*.cruds'],
    capabilities: ['client-confidential-asymmetric', 'permission-v1', 'permission-v2'],
  }
  return {
    body: Buffer.from(JSON.stringify(body)),
    contentType: 'application/json',
    route: NAME,
  }
}
