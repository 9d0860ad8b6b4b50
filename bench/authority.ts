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

/** One measured figure beside what it should be. */
interface Figure {
  name: string
  value: string
  target: string
}

const times = 1_000
const [ec, rsa, upload] = [ecKey('e'), rsaKey('r'), ecKey('up')]
const client = ecKey('c', 'P-384')

/** Processor time per request for finding out who makes it. */
export async function bench(): Promise<Figure[]> {
  const bed = await openBed({
    issuerKeys: [ec, rsa],
    clients: [
      { id: 'moh', jwks: { keys: [client.jwk] }, scopes: 'system/*.cruds', canonicalPrefixes: ['http://a.org'] },
    ],
    participants: [{ participant: 'AT', canonicalPrefixes: ['http://a.org'], networkKeys: true }],
    parts: { networkKeys: () => [{ participant: 'AUT', publicKey: upload.publicKey }] },
  })
  try {
    const tokens = (alg: string, key: typeof ec) =>
      Array.from({ length: times }, (_, at) =>
        jwsOf({ alg, kid: key.jwk.kid, typ: 'at+jwt' }, goodClaims({ jti: `${at}` }), key.privateKey),
      )
    const figures: Figure[] = []
    for (const [alg, key] of [
      ['ES256', ec],
      ['RS256', rsa],
      ['PS256', rsa],
    ] as const) {
      const made = tokens(alg, key)
      await authenticate(bed, made.slice(0, 50))
      const each = await authenticate(bed, made)
      figures.push({ name: `access token, ${alg}, seen for the first time`, value: each, target: '< 0.3 ms' })
    }
    const [one = ''] = tokens('ES256', ec)
    const same = Array.from({ length: 20 * times }, () => one)
    figures.push({
      name: 'access token that was verified before',
      value: await authenticate(bed, same),
      target: '< 0.02 ms',
    })
    figures.push({ name: 'request without any proof', value: await plain(bed), target: '< 0.005 ms' })
    figures.push({
      name: 'signed request (RFC 9421), its nonce stored',
      value: await signatures(bed),
      target: '< 1 ms',
    })
    figures.push({ name: 'token of the endpoint for an assertion, ES384', value: await issued(bed), target: '< 3 ms' })
    return figures
  } finally {
    await bed.close()
  }
}

async function authenticate({ authority }: Bed, tokens: readonly string[]): Promise<string> {
  const messages = tokens.map((token) => messageOf({ headers: { authorization: `Bearer ${token}` } }))
  return perCall(messages.length, async () => {
    for (const message of messages) await authority.authenticate(message)
  })
}

async function plain({ authority }: Bed): Promise<string> {
  const message = messageOf({ headers: { accept: 'application/fhir+json', host: 'x' } })
  return perCall(100 * times, async () => {
    for (let at = 0; at < 100 * times; at++) await authority.authenticate(message)
  })
}

async function signatures({ authority }: Bed): Promise<string> {
  const messages = Array.from({ length: times }, () => messageOf(signed({ key: upload.privateKey, created: clock })))
  return perCall(times, async () => {
    for (const message of messages) await authority.authenticate(message)
  })
}

async function issued({ authority }: Bed): Promise<string> {
  const forms = Array.from({ length: 200 }, () =>
    tokenForm(jwsOf({ alg: 'ES384', kid: 'c', typ: 'JWT' }, goodAssertion(), client.privateKey)),
  )
  const contentType = 'application/x-www-form-urlencoded'
  return perCall(forms.length, async () => {
    for (const text of forms)
      await authority.endpoint?.answer({ contentType, authorization: undefined, text, client: 'a' })
  })
}

/** Processor time of the process. */
async function perCall(count: number, run: () => Promise<void>): Promise<string> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return `${((user + system) / 1000 / count).toFixed(4)} ms`
}
