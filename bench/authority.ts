/** Processor time per request for finding out who makes it. */
import {
  type Bed,
  clock,
  ecKey,
  goodAssertion,
  goodClaims,
  jwsOf,
  messageOf,
  openBed,
  rsaKey,
  tokenForm,
} from '../test/authority/support/bed.ts'
import { signed } from '../test/authority/support/signed-request.ts'
import { es256 } from './support/harness/baselines.ts'
import type { Measured } from './support/harness/figure.ts'
import { costOnce, type Effort, type Telling, timeFigure } from './support/harness/measure.ts'

const [ec, rsa, upload] = [ecKey('e'), rsaKey('r'), ecKey('up')]
const client = ecKey('c', 'P-384')

interface Piece {
  name: string
  /** Requests of one round. */
  count: number
  target: number
  /** Makes what the requests of a round need, not counted; each round is given others. */
  prepare(round: number, count: number): () => Promise<void>
}

/** What is seen for the first time can be measured once: each round has its own tokens and nonces. */
async function figureOf({ name, count, target, prepare }: Piece, { rounds }: Effort): Promise<Measured> {
  const works = Array.from({ length: rounds + 1 }, (_, round) => prepare(round, count))
  await works[rounds]?.()
  const cost = await costOnce((round) => works[round]?.(), { rounds, baseline: es256 })
  const telling: Telling = { per: count, target: { value: target } }
  return timeFigure(name, cost, 'µs', telling)
}

export async function bench(effort: Effort): Promise<Measured[]> {
  const bed = await openBed({
    issuerKeys: [ec, rsa],
    clients: [
      { id: 'moh', jwks: { keys: [client.jwk] }, scopes: 'system/*.cruds', canonicalPrefixes: ['http://a.org'] },
    ],
    participants: [{ participant: 'AT', canonicalPrefixes: ['http://a.org'], networkKeys: true }],
    parts: { networkKeys: () => [{ participant: 'AUT', publicKey: upload.publicKey }] },
  })
  try {
    const figures: Measured[] = []
    for (const piece of pieces(bed, effort.isQuick ? 40 : 200)) figures.push(await figureOf(piece, effort))
    return figures
  } finally {
    await bed.close()
  }
}

function pieces(bed: Bed, count: number): Piece[] {
  const tokenOf = (alg: string, key: typeof ec, jti: string) =>
    jwsOf({ alg, kid: key.jwk.kid, typ: 'at+jwt' }, goodClaims({ jti }), key.privateKey)
  const same = tokenOf('ES256', ec, 'same')
  const first = ([alg, key]: readonly [string, typeof ec]): Piece => ({
    name: `access token, ${alg}, seen for the first time`,
    count,
    target: 300,
    prepare: (round) =>
      authenticating(
        bed,
        Array.from({ length: count }, (_, at) => tokenOf(alg, key, `${round}-${at}`)),
      ),
  })
  return [
    ...(
      [
        ['ES256', ec],
        ['RS256', rsa],
        ['PS256', rsa],
      ] as const
    ).map(first),
    {
      name: 'access token that was verified before',
      count: 20 * count,
      target: 20,
      prepare: (_, length) =>
        authenticating(
          bed,
          Array.from({ length }, () => same),
        ),
    },
    { name: 'request without any proof', count: 100 * count, target: 5, prepare: (_, times) => plain(bed, times) },
    {
      name: 'signed request (RFC 9421), its nonce stored',
      count,
      target: 1000,
      prepare: (_, length) => signatures(bed, length),
    },
    {
      name: 'token of the endpoint for an assertion, ES384',
      count: count / 5,
      target: 3000,
      prepare: (_, length) => issuing(bed, length),
    },
  ]
}

function authenticating({ authority }: Bed, tokens: readonly string[]) {
  const messages = tokens.map((token) => messageOf({ headers: { authorization: `Bearer ${token}` } }))
  return async () => {
    for (const message of messages) await authority.authenticate(message)
  }
}

function plain({ authority }: Bed, times: number) {
  const message = messageOf({ headers: { accept: 'application/fhir+json', host: 'x' } })
  return async () => {
    for (let at = 0; at < times; at++) await authority.authenticate(message)
  }
}

function signatures({ authority }: Bed, length: number) {
  const messages = Array.from({ length }, () => messageOf(signed({ key: upload.privateKey, created: clock })))
  return async () => {
    for (const message of messages) await authority.authenticate(message)
  }
}

function issuing({ authority }: Bed, length: number) {
  const forms = Array.from({ length }, () =>
    tokenForm(jwsOf({ alg: 'ES384', kid: 'c', typ: 'JWT' }, goodAssertion(), client.privateKey)),
  )
  const contentType = 'application/x-www-form-urlencoded'
  return async () => {
    for (const text of forms)
      await authority.endpoint?.answer({ contentType, authorization: undefined, text, client: 'a' })
  }
}
