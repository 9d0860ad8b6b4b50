/** A request signed with a key that the trust network lists (RFC 9421), as servers of this software take it. */
import { contentDigest, signatureBase } from './message-signature.ts'
import type { OperatorRequest } from './operator-client.ts'

/** Who signs, when, and with what nobody used before. */
export interface RequestSigner {
  /** Key id as the trust list has it. */
  keyId: string
  /** Name in the registry of RFC 9421, 6.2.2. */
  algorithm: string
  sign(bytes: Uint8Array): Promise<Uint8Array>
  /** Seconds since 1970. */
  created: number
  nonce: string
}

/** Algorithms of RFC 9421 by those of JOSE. */
export const requestAlgorithms: Readonly<Record<string, string>> = {
  ES256: 'ecdsa-p256-sha256',
  ES384: 'ecdsa-p384-sha384',
  RS256: 'rsa-v1_5-sha256',
}

/** The request with the headers that sign it: its method, its address, and what it holds. */
export async function signRequest(request: OperatorRequest, signer: RequestSigner): Promise<OperatorRequest> {
  const { method, url, body, headers } = request
  const digest = body === undefined ? undefined : contentDigest(body)
  const components: [string, string][] = [
    ['@method', method],
    ['@target-uri', url],
  ]
  if (digest !== undefined) components.push(['content-digest', digest])
  const names = components.map(([name]) => `"${name}"`).join(' ')
  const { created, nonce, keyId, algorithm } = signer
  const parameters = `(${names});created=${created};nonce="${nonce}";keyid="${keyId}";alg="${algorithm}"`
  const signature = await signer.sign(Buffer.from(signatureBase(components, parameters), 'latin1'))
  return {
    ...request,
    headers: {
      ...headers,
      ...(digest === undefined ? {} : { 'Content-Digest': digest }),
      'Signature-Input': `sig1=${parameters}`,
      Signature: `sig1=:${Buffer.from(signature).toString('base64')}:`,
    },
  }
}
