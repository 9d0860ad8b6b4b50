/** Keys that change while a server runs, or between two of its lives: what it shows and serves is right without a restart. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { join } from 'node:path'
import { describe, it, mock } from 'node:test'
import { jwkThumbprint } from '../../src/base/crypto/jwk-thumbprint.ts'
import type { ValueSet } from '../../src/fhir/types.ts'
import { valueSet as empty } from '../provenance/published.ts'
import { fileIn, ownFolder } from '../provenance/support.ts'
import { openAskedServer, type Reply } from '../support/ask-server.ts'
import { testSigner } from '../support/cms-signer.ts'
import { runCommand } from '../support/run-command.ts'

const json = ({ body }: Reply) => JSON.parse(body.toString())
const include = [{ system: 'http://example.org/CodeSystem/codes', concept: [{ code: 'a' }] }]
const valueSet = (name: string): ValueSet => empty(name, { compose: { include } })

type Server = Awaited<ReturnType<typeof openAskedServer>>
const headerOf = ({ status, body }: Reply) => {
  assert.equal(status, 200, body.toString())
  return JSON.parse(Buffer.from(body.toString().split('.')[0] ?? '', 'base64url').toString())
}

/** A store of its own, and settings for servers over it with these keys. */
function ownStore() {
  const folder = ownFolder()
  const store = {
    BASE_URL: 'https://health.example',
    STORAGE_URL: `sqlite:${join(folder, 'store.db')}`,
    DATA_DIR: folder,
    REFERENCE_DOMAINS: 'DDCC',
  }
  return (settings: Record<string, string>) => ({ ...store, ...settings })
}
function signingKey() {
  const signer = testSigner('P-256', 'UP', false, 400)
  const file = fileIn(ownFolder(), signer.key)
  return { key: file, cert: signer.cert, thumbprint: jwkThumbprint(createPublicKey(signer.privateKey)) ?? '' }
}
type Key = ReturnType<typeof signingKey>
const current = ({ key, cert }: Key) => ({ SIGNING_KEY: key, SIGNING_CERTIFICATE: cert })
const next = ({ key, cert }: Key) => ({ SIGNING_KEY_NEXT: key, SIGNING_CERTIFICATE_NEXT: cert })
const retired = ({ cert }: Key) => ({ SIGNING_CERTIFICATE_RETIRED: cert })

/** Publishes a value set, and answers its address below `/fhir/r/`. */
async function publish({ ask }: Server, id: string): Promise<string> {
  const { status, body } = await ask('PUT', `ValueSet/${id}`, { body: valueSet(id) })
  assert.equal(status, 201, body.toString())
  const { url } = json(await ask('GET', `ValueSet/${id}/_history/1/$trusted-reference`))
  return new URL(url).pathname.replace(/\.jws$/, '')
}

/** Keys of `/.well-known/jwks.json`: those that count, and those that were withdrawn, by what they are published as. */
async function shown({ site }: Server, keys: Record<string, Key>) {
  const told: { revoked?: object; x: string }[] = json(await site('/.well-known/jwks.json')).keys
  const method = json(await site('/.well-known/did.json'))
  const named = told.map((each) => {
    const thumbprint = jwkThumbprint(createPublicKey({ key: each as never, format: 'jwk' }))
    const [name = '?'] = Object.entries(keys).find(([, key]) => key.thumbprint === thumbprint) ?? []
    const isAsserted = method.assertionMethod.some((id: string) => id.endsWith(`#${thumbprint}`))
    assert.equal(isAsserted, each.revoked === undefined, 'both documents say the same')
    return each.revoked ? `${name} withdrawn` : name
  })
  return named
}

/** The outcome of each signature over a value set, the newest first: whether it is whole, or the step that failed. */
async function outcomes({ ask, provenances }: Server, id: string): Promise<string[]> {
  const found: string[] = []
  for (const { id: own } of await provenances(`ValueSet/${id}`)) {
    const parameter = [{ name: 'reference', valueUri: `Provenance/${own}` }]
    const told = json(await ask('POST', '$verify-signature', { body: { resourceType: 'Parameters', parameter } }))
    const failed = told.parameter.find(
      ({ part }: { part?: { valueCode?: string }[] }) => part?.[1]?.valueCode === 'fail',
    )
    found.push(failed?.part[0].valueCode ?? 'holds')
  }
  return found
}

describe('a key that is withdrawn by another process while the server runs', () => {
  const [old, fresh] = [signingKey(), signingKey()]
  const keys = { old, fresh }
  const settings = ownStore()

  it('as a retired one: shown as withdrawn, what it signed is served as the current one signs it', async () => {
    const first = await openAskedServer(settings(current(old)))
    const address = await publish(first, 'a')
    const oldHeader = headerOf(await first.site(`${address}.jws`))
    const content = (await first.site(address)).body
    assert.equal(headerOf(await first.site('/trusted/ValueSet')).kid, oldHeader.kid)
    await first.close()
    const running = await openAskedServer(settings({ ...current(fresh), ...retired(old) }))
    try {
      assert.deepEqual(await shown(running, keys), ['fresh', 'old'])
      // What was served first is served on: a retired key has nothing against it.
      assert.equal(headerOf(await running.site(`${address}.jws`)).kid, oldHeader.kid)
      const reference = json(await running.ask('GET', 'ValueSet/a/_history/1/$trusted-reference'))
      const { code, stderr } = await runCommand(
        ['keys', 'revoke', old.thumbprint],
        settings({ ...current(fresh), ...retired(old) }),
      )
      assert.equal(code, 0, stderr)
      assert.deepEqual(await shown(running, keys), ['fresh', 'old withdrawn'])
      const again = headerOf(await running.site(`${address}.jws`))
      assert.notEqual(again.kid, oldHeader.kid)
      assert.equal(
        headerOf(await running.ask('GET', address, { headers: { Accept: 'application/jose' } })).kid,
        again.kid,
      )
      // The content is what it was.
      assert.deepEqual((await running.site(address)).body, content)
      assert.equal(headerOf(await running.site('/trusted/ValueSet')).kid, again.kid)
      const after = json(await running.ask('GET', 'ValueSet/a/_history/1/$trusted-reference'))
      assert.notEqual(after.thumbprint, reference.thumbprint)
      assert.deepEqual(await outcomes(running, 'a'), ['holds', 'revocation'])
    } finally {
      await running.close()
    }
  })

  it('as the only one: nothing is signed any more, and nothing that it signed is served', async () => {
    const one = ownStore()
    const running = await openAskedServer(one(current(old)))
    try {
      const address = await publish(running, 'a')
      headerOf(await running.site(`${address}.jws`))
      headerOf(await running.site('/trusted/ValueSet'))
      assert.equal((await runCommand(['keys', 'revoke', old.thumbprint], one(current(old)))).code, 1)
      assert.deepEqual(await shown(running, keys), ['old withdrawn'])
      assert.equal((await running.site(`${address}.jws`)).status, 404)
      assert.equal((await running.site('/trusted/ValueSet')).status, 404)
      assert.equal((await running.site(address)).status, 200)
      await publish(running, 'b')
      assert.deepEqual(await outcomes(running, 'b'), [])
      assert.equal((await running.ask('GET', 'ValueSet/a/$package?_sign=true')).status, 422)
      // The reference is told without a signature, as before there was a key.
      assert.equal(json(await running.ask('GET', 'ValueSet/a/_history/1/$trusted-reference')).signatureType, 'NONE')
    } finally {
      await running.close()
    }
  })
})

describe('a rollover', () => {
  const [old, fresh] = [signingKey(), signingKey()]
  const keys = { old, fresh }
  const settings = ownStore()
  const day = 86_400_000
  const start = Date.now()
  const at = async <T>(days: number, given: Record<string, string>, act: (server: Server) => Promise<T>) => {
    mock.timers.enable({ apis: ['Date'], now: start + days * day })
    const server = await openAskedServer(settings(given))
    try {
      return await act(server)
    } finally {
      await server.close()
      mock.timers.reset()
    }
  }

  it('shows the next key a week ahead, and signs with the current one until then', async () => {
    await at(0, current(old), async (server) => {
      await publish(server, 'a')
      assert.deepEqual(await shown(server, keys), ['old'])
    })
    await at(1, { ...current(old), ...next(fresh) }, async (server) => {
      assert.deepEqual(await shown(server, keys), ['old', 'fresh'])
      const address = await publish(server, 'b')
      assert.equal(
        headerOf(await server.site(`${address}.jws`)).sigT.slice(0, 10),
        new Date().toISOString().slice(0, 10),
      )
      assert.match((await server.site('/.well-known/jwks.json')).headers['cache-control'] as string, /max-age=3600/)
    })
  })

  it('switches, and what the old key signed holds while it is listed', async () => {
    await at(9, { ...current(fresh), ...retired(old) }, async (server) => {
      assert.deepEqual(await shown(server, keys), ['fresh', 'old'])
      await publish(server, 'c')
      for (const id of ['a', 'b', 'c']) assert.deepEqual(await outcomes(server, id), ['holds'], id)
      const [made] = await server.provenances('ValueSet/c')
      const jws = Buffer.from(made.signature[0].data, 'base64').toString()
      const { kid } = JSON.parse(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString())
      assert.equal(kid, `did:web:health.example#${fresh.thumbprint}`)
    })
  })

  it('ends when the old key is listed no longer: then nobody can tell what it signed', async () => {
    await at(300, current(fresh), async (server) => {
      assert.deepEqual(await shown(server, keys), ['fresh'])
      assert.deepEqual(await outcomes(server, 'a'), ['key'])
      assert.deepEqual(await outcomes(server, 'c'), ['holds'])
    })
  })

  it('is not undone by a clock that goes back: what is signed after now does not hold', async () => {
    await at(5, { ...current(fresh), ...retired(old) }, async (server) => {
      assert.deepEqual(await outcomes(server, 'a'), ['holds'])
      assert.deepEqual(await outcomes(server, 'c'), ['time'])
    })
  })
})
