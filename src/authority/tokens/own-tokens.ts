/** Access tokens that this server issues itself: short-lived JWTs (RFC 9068), signed with a key that is used for nothing else. */
import { createPublicKey, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { jsonObjectOf, splitJws } from '../../base/crypto/compact-jws.ts'
import type { JsonObject } from '../../base/json-value.ts'
import type { OwnKey } from '../../network/own-key.ts'
import { verifyToken } from './verify-token.ts'

/** Lifetime of a token. */
export const tokenSeconds = 600
const TYPE = 'at+jwt'

/** Issues tokens, and knows them again. */
export interface OwnTokens {
  issue(client: string, scope: string): Promise<string>
  /** Whether a token says that it is one of these. */
  mayBeOwn(token: string): boolean
  /** Its claims; a text says what is wrong with it. */
  verify(token: string): Promise<JsonObject | string>
  /** Whether claims that were verified are those of such a token. */
  isOwn(claims: JsonObject): boolean
}

/** What tokens are made of. */
interface OwnTokenOptions {
  key: OwnKey
  /** Public address of this server: the issuer. */
  issuer: string
  /** FHIR base, for which they are. */
  audience: string
  now(): Date
}

/** Tokens signed with a key on P-256. */
export function createOwnTokens({ key, issuer, audience, now }: OwnTokenOptions): OwnTokens {
  const publicKey = createPublicKey(key.privateKey)
  return {
    issue: (client, scope) =>
      new SignJWT({ client_id: client, scope })
        .setProtectedHeader({ alg: 'ES256', typ: TYPE, kid: key.keyId })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(client)
        .setJti(randomUUID())
        .setIssuedAt(now())
        .setExpirationTime(Math.floor(now().getTime() / 1000) + tokenSeconds)
        .sign(key.privateKey),
    mayBeOwn(token) {
      const read = splitJws(token)
      const claims = typeof read === 'string' ? undefined : jsonObjectOf(Buffer.from(read.payload, 'base64url'))
      return claims?.iss === issuer
    },
    verify: (token) =>
      verifyToken(token, {
        algorithms: ['ES256'],
        types: [TYPE],
        issuer,
        audience,
        longestSeconds: tokenSeconds,
        now,
        keyOf: (keyId) => (keyId === key.keyId ? publicKey : undefined),
      }),
    isOwn: ({ iss }) => iss === issuer,
  }
}
