/** The token endpoint (RFC 6749, 3.2 and 4.4) for clients of SMART Backend Services. */
import { keep } from '../../base/keep.ts'
import type { AnswerForm, PostedForm, PublicDocument } from '../../base/public-document.ts'
import { commonScopes, readScope, readScopes, type Scope, scopeText } from '../scopes.ts'
import type { ClientSettings } from '../settings/authority-settings.ts'
import { type OwnTokens, tokenSeconds } from '../tokens/own-tokens.ts'
import { type AssertionOptions, clientOfAssertion } from './assertion.ts'

/** The one type of assertion (RFC 7523, 2.2). */
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const FORM = 'application/x-www-form-urlencoded'
/** Failures of one address within a minute; then it waits. */
const MOST_FAILURES = 20
const MINUTE = 60_000
/** Addresses whose failures are counted. */
const MOST_ADDRESSES = 10_000

/** What the endpoint is made of. */
interface TokenEndpointOptions extends AssertionOptions {
  tokens: OwnTokens
}

/** What is wrong with a request (RFC 6749, 5.2). */
interface Refusal {
  status: 400 | 401 | 429
  error: string
  error_description: string
}

/**
 * Answers a request for a token.
 * @throws FhirError (of what it returns) 429, 5xx when it cannot be answered now
 */
export function createTokenEndpoint(options: TokenEndpointOptions): AnswerForm {
  const failures = countFailures(options.now)
  return async (form) => {
    if (failures.areTooMany(form.client)) return tooMany
    const asked = readRequest(form)
    if ('error' in asked) return refused(asked)
    const client = await clientOfAssertion(asked.assertion, options)
    if (typeof client === 'string') {
      failures.count(form.client)
      return refused({ status: 401, error: 'invalid_client', error_description: `${client}.` })
    }
    if (asked.clientId !== undefined && asked.clientId !== client.id)
      return refused(invalidRequest('client_id is another than the client of the assertion.'))
    const scope = grantedScope(asked.scope, client)
    if (scope === '') return refused(noScope)
    const token = await options.tokens.issue(client.id, scope)
    return answer(200, { access_token: token, token_type: 'bearer', expires_in: tokenSeconds, scope })
  }
}

interface TokenRequest {
  assertion: string
  clientId: string | undefined
  scope: string
}

const invalidRequest = (text: string): Refusal => ({ status: 400, error: 'invalid_request', error_description: text })
const noScope: Refusal = {
  status: 400,
  error: 'invalid_scope',
  error_description: 'scope must name what is registered of the client, such as system/ValueSet.cruds.',
}

/** A parameter that stands twice makes the request invalid (RFC 6749, 3.2); what is not known is ignored. */
function readRequest({ contentType, authorization, text }: PostedForm): TokenRequest | Refusal {
  if (contentType?.split(';')[0]?.trim().toLowerCase() !== FORM)
    return invalidRequest(`The body must be ${FORM}, with the parameters of the request.`)
  if (authorization !== undefined)
    return invalidRequest('A client proves who it is by its assertion, and by nothing in the header Authorization.')
  const form = new URLSearchParams(text)
  const known = ['grant_type', 'scope', 'client_id', 'client_secret', 'client_assertion', 'client_assertion_type']
  const twice = known.find((name) => form.getAll(name).length > 1)
  if (twice !== undefined) return invalidRequest(`${twice} stands there twice.`)
  const [grant, type, assertion] = ['grant_type', 'client_assertion_type', 'client_assertion'].map((name) =>
    form.get(name),
  )
  if (grant === null) return invalidRequest('grant_type is missing.')
  if (grant !== 'client_credentials')
    return { status: 400, error: 'unsupported_grant_type', error_description: 'grant_type must be client_credentials.' }
  if (form.has('client_secret')) return invalidRequest('Client secrets are not used here.')
  if (type !== JWT_BEARER) return invalidRequest(`client_assertion_type must be ${JWT_BEARER}.`)
  if (!assertion) return invalidRequest('client_assertion is missing.')
  return { assertion, clientId: form.get('client_id') ?? undefined, scope: form.get('scope') ?? '' }
}

/** What is asked for, as far as it is registered; a scope that is granted as it stands keeps its spelling. */
function grantedScope(asked: string, { scopes }: ClientSettings): string {
  const granted = commonScopes(readScopes(asked), scopes)
  const texts = asked.split(' ')
  return granted
    .map((scope) => {
      const same = texts.find((each) => isSame(readScope(each), scope))
      return same ?? scopeText(scope)
    })
    .join(' ')
}

const isSame = (a: Scope | undefined, b: Scope): boolean => a !== undefined && scopeText(a) === scopeText(b)

/** Failures by address, within the minute. */
function countFailures(now: () => Date) {
  const counted = keep<string, { since: number; count: number }>(MOST_ADDRESSES)
  const current = (client: string) => {
    const found = counted.get(client)
    return found && Math.abs(now().getTime() - found.since) < MINUTE ? found : undefined
  }
  return {
    areTooMany: (client: string): boolean => (current(client)?.count ?? 0) >= MOST_FAILURES,
    count(client: string): void {
      const { since, count } = current(client) ?? { since: now().getTime(), count: 0 }
      counted.set(client, { since, count: count + 1 })
    },
  }
}

function answer(status: number, body: object, headers: Record<string, string> = {}): PublicDocument {
  return {
    status,
    body: Buffer.from(JSON.stringify(body)),
    contentType: 'application/json',
    cacheControl: 'no-store',
    headers: { Pragma: 'no-cache', ...headers },
  }
}

const refused = ({ status, ...body }: Refusal): PublicDocument => answer(status, body)

const tooMany = answer(
  429,
  {
    error: 'temporarily_unavailable',
    error_description: 'Too many assertions of this address were refused; wait a minute.',
  },
  { 'Retry-After': '60' },
)
