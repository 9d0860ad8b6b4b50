/** Settings of who may write here. */
import type { AuthoritySettings, IssuerSettings } from '../authority/settings/authority-settings.ts'
import { readClients } from '../authority/settings/read-clients.ts'
import { readParticipants } from '../authority/settings/read-participants.ts'
import { readKeySet } from '../authority/tokens/key-set.ts'
import { errorText } from '../base/system-error.ts'
import type { Setting } from './setting.ts'

/** The settings, in the order of the README's table. */
export const authoritySettings = [
  {
    variable: 'TOKEN_ISSUER',
    kind: 'url',
    description:
      'Authorization server whose access tokens (JWT) let clients write: `iss` of its tokens, exactly (docs/authority.md). Needs TOKEN_JWKS_URL and TOKEN_AUDIENCE.',
  },
  {
    variable: 'TOKEN_JWKS_URL',
    kind: 'text',
    description: 'Its public keys: https address of a JWK Set (NETWORK=on), or a file.',
  },
  { variable: 'TOKEN_AUDIENCE', kind: 'text', description: '`aud` of tokens that are meant for this server.' },
  {
    variable: 'TOKEN_ENDPOINT',
    kind: 'url',
    description: 'Where its clients get their tokens, as `/.well-known/smart-configuration` tells them.',
  },
  {
    variable: 'CLIENTS',
    kind: 'text',
    description:
      'Clients that may write: a JSON array, or a file that holds one, of `{"id", "name"?, "participant"?, "jwks"? or "jwksFile"?, "jku"?, "scopes", "canonicalPrefixes"?, "jurisdictions"?}`. Those with keys get tokens at `/token` of this server (SMART Backend Services), those without are clients of TOKEN_ISSUER.',
  },
  {
    variable: 'PARTICIPANTS',
    kind: 'text',
    description:
      'Participants of the trust network that may write: a JSON array, or a file that holds one, of `{"participant", "name"?, "canonicalPrefixes", "jurisdictions"?, "scopes"?, "certificates"?, "networkKeys"?}`: by client certificates (SHA-256 thumbprints), or by requests that are signed with a listed upload key.',
  },
  {
    variable: 'PROXY_CLIENT_CERTIFICATES',
    kind: 'choice',
    choices: ['off', 'on'],
    fallback: 'off',
    description:
      '`on` takes client certificates also from the header `Client-Cert` (RFC 9440) of TRUSTED_PROXIES, which must take out what clients send in it; else only those of TLS connections to this server count.',
  },
] as const satisfies readonly Setting[]

/**
 * Reads the settings and the files that they name.
 * @param texts the texts of the settings that are set
 * @throws Error whose message has every problem, one a line
 */
export function parseAuthority(
  texts: ReadonlyMap<string, string>,
  readFile: (path: string) => string,
): AuthoritySettings {
  const problems: string[] = []
  const problem = (text: string) => void problems.push(text)
  const [clients, participants] = [texts.get('CLIENTS'), texts.get('PARTICIPANTS')]
  const issuer = readIssuer(texts, readFile, problem)
  const settings: AuthoritySettings = {
    ...(issuer ? { issuer } : {}),
    clients: clients === undefined ? [] : readClients(clients, readFile, problem),
    participants: participants === undefined ? [] : readParticipants(participants, readFile, problem),
    proxyCertificates: texts.get('PROXY_CLIENT_CERTIFICATES') === 'on',
  }
  if (settings.proxyCertificates && !texts.has('TRUSTED_PROXIES'))
    problem('PROXY_CLIENT_CERTIFICATES is on, and TRUSTED_PROXIES names none')
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return settings
}

function readIssuer(
  texts: ReadonlyMap<string, string>,
  readFile: (path: string) => string,
  problem: (text: string) => void,
): IssuerSettings | undefined {
  const names = ['TOKEN_ISSUER', 'TOKEN_JWKS_URL', 'TOKEN_AUDIENCE'] as const
  const [issuer, jwks, audience] = names.map((name) => texts.get(name))
  const tokenEndpoint = texts.get('TOKEN_ENDPOINT')
  if (issuer === undefined && jwks === undefined && audience === undefined) {
    if (tokenEndpoint !== undefined) problem('TOKEN_ENDPOINT is set, and TOKEN_ISSUER is not')
    return undefined
  }
  for (const name of names)
    if (!texts.has(name)) problem(`${name} is missing: TOKEN_ISSUER, TOKEN_JWKS_URL and TOKEN_AUDIENCE go together`)
  if (issuer === undefined || jwks === undefined || audience === undefined) return undefined
  const isAddress = /^[a-z][a-z0-9+.-]*:\/\//i.test(jwks)
  if (isAddress && !jwks.startsWith('https://')) problem('TOKEN_JWKS_URL must be an https address or a file')
  if (isAddress && texts.get('NETWORK') !== 'on')
    problem('TOKEN_JWKS_URL is an address, and NETWORK is off: switch it on, or give a file')
  if (!isAddress) problems(() => readKeySet(Buffer.from(readFile(jwks))), problem)
  if (issuer === texts.get('BASE_URL')?.replace(/\/+$/, ''))
    problem('TOKEN_ISSUER is BASE_URL: this server issues tokens to its CLIENTS under that name')
  return {
    issuer,
    jwks: isAddress ? { url: jwks } : { file: jwks },
    audience,
    ...(tokenEndpoint === undefined ? {} : { tokenEndpoint }),
  }
}

function problems(read: () => unknown, problem: (text: string) => void): void {
  try {
    read()
  } catch (error) {
    problem(`TOKEN_JWKS_URL: ${errorText(error)}`)
  }
}
